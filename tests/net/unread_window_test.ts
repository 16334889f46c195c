import { deepEqual, equal, notDeepEqual, throws } from "node:assert/strict";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { UnreadWindow } from "../../src/net/unread_window.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

function unreadWindow({ initialBytes = 1000, maxBytes = 8000, seed = 1 } = {}): UnreadWindow {
  return new UnreadWindow({ initialBytes, maxBytes, random: new SeededRandom(seed) });
}

Deno.test("a peer is asked once half of its window is sent, and not again before it has answered", () => {
  const window = unreadWindow();
  equal(window.sent(499), undefined);
  equal(window.probe, undefined);
  const probe = window.sent(1);
  equal(probe?.length, 4);
  equal(window.probe, probe);
  equal(window.sent(499), undefined);
  equal(window.isFull, false);
  equal(window.sent(1), undefined);
  equal(window.isFull, true);
});

Deno.test("an answer proves that what was sent before is read, and doubles the window", () => {
  const window = unreadWindow();
  const first = window.sent(500)!;
  window.sent(500);
  window.answered(first);
  // 500 bytes are read, the window is 2,000 bytes, 500 of them sent.
  equal(window.isFull, false);
  equal(window.sent(499), undefined);
  const second = window.sent(1)!;
  notDeepEqual(second, first);
  window.sent(999);
  equal(window.isFull, false);
  window.sent(1);
  equal(window.isFull, true);
});

Deno.test("the window grows to its bound", () => {
  const window = unreadWindow({ maxBytes: 3000 });
  for (let i = 0; i < 10; i++) window.answered(window.sent(1000) ?? new Uint8Array(0));
  equal(window.probe, undefined);
  let sentBytes = 0;
  for (; !window.isFull; sentBytes++) window.sent(1);
  equal(sentBytes <= 3000 && sentBytes > 1500, true, `${sentBytes}`);
});

Deno.test("no other pong proves anything, nor does an answer that comes twice", () => {
  const window = unreadWindow();
  window.answered(new Uint8Array(0));
  const probe = window.sent(1000)!;
  const near = probe.slice();
  near[3]! ^= 1;
  for (const pong of [new Uint8Array(0), probe.subarray(0, 3), near]) window.answered(pong);
  equal(window.isFull, true);
  equal(window.probe, probe);
  window.answered(probe.slice());
  equal(window.isFull, false);
  const next = window.sent(2000);
  window.answered(probe);
  deepEqual(window.probe, next);
  equal(window.isFull, true);
});

Deno.test("a message longer than the window is asked about when its start no longer suffices", () => {
  const window = unreadWindow();
  const early = window.sent(600)!;
  const late = window.sent(50_000)!;
  notDeepEqual(late, early);
  window.answered(early);
  equal(window.isFull, true, "it was forgotten");
  window.answered(late);
  equal(window.isFull, false);
  window.sent(7999);
  equal(window.isFull, false);
  window.sent(1);
  equal(window.isFull, true);
});

Deno.test("a peer may be sent as much as it sends, up to the bound", () => {
  const window = unreadWindow();
  for (let i = 0; i < 100; i++) {
    window.heard(300);
    equal(window.sent(200), undefined);
  }
  for (let i = 0; i < 100; i++) window.heard(300);
  let sentBytes = 0;
  for (; !window.isFull; sentBytes += 100) window.sent(100);
  equal(sentBytes, 8000);
  window.heard(100);
  window.sent(700);
  window.heard(600);
  equal(window.isFull, true, "what was sent beyond the window is owed");
  window.heard(1);
  equal(window.isFull, false);
});

Deno.test("a peer without pongs is sent one more window at each release", () => {
  const window = unreadWindow();
  for (let i = 0; i < 50; i++) {
    let sentBytes = 0;
    for (; !window.isFull; sentBytes += 250) window.sent(250);
    equal(sentBytes, 1000);
    equal(window.probe === undefined, false);
    window.release();
  }
});

Deno.test("a peer that answers late, after some releases, is believed again", () => {
  const window = unreadWindow();
  let probe = window.sent(1000)!;
  for (let i = 0; i < 7; i++) {
    window.release();
    probe = window.sent(1000) ?? probe;
  }
  window.answered(probe);
  equal(window.isFull, false);
});

Deno.test("the window is kept to by a sender, and never keeps it waiting for a peer that reads", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new SeededRandom(seed);
    const [initialBytes, maxBytes] = [random.between(1, 2000), random.between(2000, 20_000)];
    const window = unreadWindow({ initialBytes, maxBytes, seed });
    /** What is on its way to the peer, and what comes back. */
    const wire: { readonly bytes: number; readonly probe: Uint8Array | undefined }[] = [];
    const pongs: Uint8Array[] = [];
    const probedBytes = new Map<string, number>();
    let [sentBytes, unreadBytes, readBytes, windowBytes] = [0, 0, 0, initialBytes];
    const send = () => {
      equal(window.isFull, sentBytes >= readBytes + windowBytes, `seed ${seed}`);
      if (window.isFull) return;
      equal(unreadBytes < windowBytes, true, `seed ${seed}`);
      const bytes = random.chance(0.1) ? random.between(1, 30_000) : random.between(1, 500);
      const probe = window.sent(bytes);
      sentBytes += bytes;
      unreadBytes += bytes;
      wire.push({ bytes, probe });
      if (probe !== undefined) probedBytes.set(probe.toHex(), sentBytes);
    };
    const read = () => {
      const { bytes, probe } = wire.shift()!;
      unreadBytes -= bytes;
      if (probe !== undefined) pongs.push(probe);
    };
    const hear = () => {
      const pong = pongs.shift()!;
      const isAwaited = window.probe === pong;
      window.answered(pong);
      if (!isAwaited) return;
      const newlyReadBytes = probedBytes.get(pong.toHex())! - readBytes;
      readBytes += newlyReadBytes;
      windowBytes = Math.min(windowBytes + Math.max(windowBytes, newlyReadBytes), maxBytes);
    };
    for (let step = 0; step < 2000; step++) {
      const choice = random.int(3);
      if (choice === 0 && wire.length > 0) read();
      else if (choice === 1 && pongs.length > 0) hear();
      else send();
      equal(window.isFull && wire.length + pongs.length === 0, false, `seed ${seed} is stuck`);
    }
    while (wire.length > 0) read();
    while (pongs.length > 0) hear();
    equal(window.isFull, false, `seed ${seed}`);
  }
});

Deno.test("a window that starts beyond its bounds is our own bug", () => {
  throws(() => unreadWindow({ initialBytes: 0 }), BrokenInvariant);
  throws(() => unreadWindow({ initialBytes: 2, maxBytes: 1 }), BrokenInvariant);
});
