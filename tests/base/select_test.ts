import { deepEqual, equal, ok } from "node:assert/strict";
import { Inbox } from "../../src/base/inbox.ts";
import { Latch } from "../../src/base/latch.ts";
import { select } from "../../src/base/select.ts";

Deno.test("select takes from the first source in the list that is ready", async () => {
  const shutdown = new Latch("shutdown");
  const live = new Inbox<"live", string>("live", 4);
  const frames = new Inbox<"frames", string>("frames", 4);
  frames.push("frame");
  live.push("event");
  deepEqual(await select(shutdown, live, frames), { from: "live", value: ["event"] });
  deepEqual(await select(shutdown, live, frames), { from: "frames", value: ["frame"] });
});

Deno.test("select waits until a source is ready", async () => {
  const live = new Inbox<"live", string>("live", 4);
  const frames = new Inbox<"frames", string>("frames", 4);
  const signal = select(live, frames);
  await Promise.resolve();
  frames.push("late");
  deepEqual(await signal, { from: "frames", value: ["late"] });
});

Deno.test("select takes from several sources in order of priority, without losing a value", async () => {
  const shutdown = new Latch<"shutdown", string>("shutdown");
  const frames = new Inbox<"frames", string>("frames", 4);
  const signal = select(shutdown, frames);
  frames.push("one");
  frames.push("two");
  shutdown.trip("now");
  deepEqual(await signal, { from: "shutdown", value: "now" });
  deepEqual(await select(shutdown, frames), { from: "frames", value: ["one", "two"] });
});

Deno.test("select leaves no resolver behind", async () => {
  const shutdown = new Latch("shutdown");
  const frames = new Inbox<"frames", string>("frames", 4);
  const signal = select(shutdown, frames);
  frames.push("one");
  await signal;
  equal(shutdown.wake, undefined);
  equal(frames.wake, undefined);
});

Deno.test("a wake-up without a ready source does not end the wait", async () => {
  const frames = new Inbox<"frames", string>("frames", 4);
  const signal = select(frames);
  await Promise.resolve();
  frames.wake?.();
  await Promise.resolve();
  frames.push("real");
  deepEqual(await signal, { from: "frames", value: ["real"] });
});

Deno.test("a million rounds leave the heap flat", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--v8-flags=--expose-gc", new URL("./select_heap.ts", import.meta.url).pathname],
    stderr: "inherit",
  }).output();
  ok(success);
  const grownBytes = Number(new TextDecoder().decode(stdout));
  ok(Number.isFinite(grownBytes) && grownBytes < 2_000_000, `heap grew by ${grownBytes} bytes`);
});
