import { deepEqual, equal, throws } from "node:assert/strict";
import { Inbox } from "../../src/base/inbox.ts";

Deno.test("an inbox gives everything that waits as one batch, in order", () => {
  const inbox = new Inbox<"in", number>("in", 3);
  inbox.push(1);
  inbox.push(2);
  deepEqual(inbox.take(), [1, 2]);
  equal(inbox.ready, false);
  equal(inbox.length, 0);
});

Deno.test("a full inbox refuses, and takes again once emptied", () => {
  const inbox = new Inbox<"in", number>("in", 1);
  equal(inbox.push(1), true);
  equal(inbox.push(2), false);
  deepEqual(inbox.take(), [1]);
  equal(inbox.push(3), true);
});

Deno.test("a push wakes the reader", () => {
  const inbox = new Inbox<"in", number>("in", 1);
  let woken = 0;
  inbox.wake = () => void woken++;
  inbox.push(1);
  inbox.push(2);
  equal(woken, 1, "what did not fit wakes nobody");
});

Deno.test("a held inbox is not ready and keeps what comes until it is released", () => {
  const inbox = new Inbox<"in", number>("in", 2);
  let woken = 0;
  inbox.wake = () => void woken++;
  inbox.hold();
  inbox.push(1);
  equal(inbox.ready, false);
  equal(woken, 0);
  inbox.release();
  equal(woken, 1);
  deepEqual(inbox.take(), [1]);
});

Deno.test("releasing an inbox that is empty or not held wakes nobody", () => {
  const inbox = new Inbox<"in", number>("in", 2);
  let woken = 0;
  inbox.wake = () => void woken++;
  inbox.release();
  inbox.hold();
  inbox.release();
  equal(woken, 0);
});

Deno.test("an inbox without room is our own mistake", () => {
  throws(() => new Inbox("in", 0), /at least one item/);
});
