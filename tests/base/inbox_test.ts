import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { Inbox } from "../../src/base/inbox.ts";

Deno.test("an inbox gives everything that waits as one batch, in order", () => {
  const inbox = new Inbox<"in", number>("in", 3);
  inbox.push(1);
  inbox.push(2);
  deepEqual(inbox.take(), [1, 2]);
  equal(inbox.ready, false);
  equal(inbox.length, 0);
});

Deno.test("a full inbox refuses items until it is emptied", () => {
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

Deno.test("a held inbox is not ready and keeps its items until it is released", () => {
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

Deno.test("an inbox without capacity breaks an invariant", () => {
  throws(() => new Inbox("in", 0), /at least one item/);
});

Deno.test("no sequence of calls loses, duplicates or reorders items", () => {
  const step = fc.oneof(
    fc.constant("push" as const),
    fc.constant("take" as const),
    fc.constant("hold" as const),
    fc.constant("release" as const),
  );
  const run = fc.record({ capacity: fc.integer({ min: 1, max: 6 }), steps: fc.array(step) });
  fc.assert(fc.property(run, ({ capacity, steps }) => {
    const inbox = new Inbox<"in", number>("in", capacity);
    let next = 0;
    let isHeld = false;
    const accepted: number[] = [];
    const taken: number[] = [];
    for (const step of steps) {
      if (step === "push") {
        const fits = accepted.length - taken.length < capacity;
        equal(inbox.push(next), fits);
        if (fits) accepted.push(next);
        next++;
      } else if (step === "take" && inbox.ready) {
        taken.push(...inbox.take());
      } else if (step === "hold") {
        inbox.hold();
        isHeld = true;
      } else if (step === "release") {
        inbox.release();
        isHeld = false;
      }
      equal(inbox.length, accepted.length - taken.length);
      equal(inbox.ready, !isHeld && inbox.length > 0);
    }
    deepEqual([...taken, ...inbox.take()], accepted);
  }));
});
