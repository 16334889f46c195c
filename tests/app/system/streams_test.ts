import { equal, ok } from "node:assert/strict";
import { systemStreams } from "../../../src/app/system/streams.ts";

Deno.test("a file is opened for reading", async () => {
  const opened = await systemStreams.open(new URL(import.meta.url).pathname);
  ok("readable" in opened);
  const text = await new Response(opened.readable).text();
  ok(text.startsWith("import "));
});

Deno.test("a file that is not there is a fault with words", async () => {
  const opened = await systemStreams.open("/no/such/file");
  ok("fault" in opened && opened.fault.includes("No such file"));
});

Deno.test("writing nothing succeeds", async () => {
  equal(await systemStreams.stdout.write(new Uint8Array()), true);
});
