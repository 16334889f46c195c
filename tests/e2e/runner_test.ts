/**
 * The command of the README, stopped as people and service managers stop it.
 *
 * @module
 */

import { equal } from "node:assert/strict";

/** What the README names; the version is that of this run. */
const NPX = ["-y", `deno@${Deno.version.deno}`, "task", "gallimimus", "serve"];

async function startByNpx() {
  const child = new Deno.Command("npx", {
    args: [...NPX, "--listen", "127.0.0.1:0", "--database", "memory:"],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!/listening on (\S+)\n/.test(said)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`ended before it listened: ${said}`);
    said += value;
  }
  const url = new URL(/listening on ws(\S+)\n/.exec(said)![1]!.replace(/^/, "http"));
  return { child, reader, url };
}

async function answers(url: URL): Promise<boolean> {
  try {
    const response = await fetch(new URL("/health", url));
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

Deno.test("SIGTERM to the npx of the README ends the relay, and nothing is left running", async () => {
  const { child, reader, url } = await startByNpx();
  equal(await answers(url), true);
  child.kill("SIGTERM");
  await child.status;
  // The pipe closes when the last process that holds it is gone.
  while (!(await reader.read()).done);
  equal(await answers(url), false);
});
