/**
 * The files of `packaging/` start the relay as its task does.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import settings from "../../deno.json" with { type: "json" };

const packaging = new URL("../../packaging/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, packaging));

/** The permissions of the task. */
const permissions = settings.tasks.gallimimus.command.split(" ")
  .filter((word) => word.startsWith("--allow-"));

function permissionsIn(text: string): readonly string[] {
  return text.match(/--allow-[a-z]+/g) ?? [];
}

Deno.test("the unit and the image give the relay the permissions that its task has", () => {
  ok(permissions.length > 3);
  deepEqual(permissionsIn(read("gallimimus.service")), permissions);
  deepEqual(permissionsIn(read("Dockerfile")), permissions);
});

Deno.test("the image is built with the Deno that the tests run on", () => {
  const versions = new Set(read("Dockerfile").match(/deno@[\d.]+/g));
  deepEqual([...versions], [`deno@${Deno.version.deno}`]);
});

Deno.test("the image runs as somebody, and its entry point and health check are JSON", () => {
  const text = read("Dockerfile");
  match(text, /^USER gallimimus$/m);
  for (const [, list] of text.matchAll(/^(?:HEALTHCHECK .*?CMD|ENTRYPOINT|CMD) (\[.*)$/gm)) {
    ok(JSON.parse(list!).every((word: unknown) => typeof word === "string"));
  }
  equal(/^ENTRYPOINT \[/m.test(text), true);
});
