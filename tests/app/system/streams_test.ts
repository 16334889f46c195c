import { deepEqual, equal, ok } from "node:assert/strict";
import { systemStreams } from "../../../src/app/system/streams.ts";

Deno.test("a file is opened for reading", async () => {
  const opened = await systemStreams.open(new URL(import.meta.url).pathname);
  ok("readable" in opened);
  const text = await new Response(opened.readable).text();
  ok(text.startsWith("import "));
});

Deno.test("a file that is not there is a fault with words", async () => {
  const opened = await systemStreams.open("/no/such/file");
  ok("fault" in opened && opened.fault === "no such file or directory");
});

Deno.test("writing nothing succeeds", async () => {
  equal(await systemStreams.stdout.write(new Uint8Array()), true);
});

Deno.test("a directory is no file to read", async () => {
  const opened = await systemStreams.open(new URL(".", import.meta.url).pathname);
  ok("fault" in opened && opened.fault === "is a directory");
});

Deno.test("a created file has its name when it is complete, and none before", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/a`;
  await Deno.writeTextFile(`${directory}/mine`, "mine");
  await Deno.symlink(`${directory}/mine`, `${path}.part`);
  const names = () => [...Deno.readDirSync(directory)].map(({ name }) => name);
  const file = await systemStreams.create(path);
  ok("writable" in file);
  const writer = file.writable.getWriter();
  await writer.write(new TextEncoder().encode("hello"));
  deepEqual(names().toSorted(), ["a.part", "mine"]);
  await writer.close();
  await file.finish();
  deepEqual(names().toSorted(), ["a", "mine"]);
  equal(await Deno.readTextFile(path), "hello");
  equal(await Deno.readTextFile(`${directory}/mine`), "mine");
  equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const again = await systemStreams.create(path);
  ok("fault" in again && again.fault.startsWith("exists already"));

  const other = await systemStreams.create(`${directory}/b`);
  ok("writable" in other);
  await other.writable.abort();
  await other.discard();
  deepEqual(names().toSorted(), ["a", "mine"]);
  const nowhere = await systemStreams.create(`${directory}/c/d`);
  ok("fault" in nowhere && nowhere.fault.startsWith("the directory that it belongs in"));
  await Deno.remove(directory, { recursive: true });
});
