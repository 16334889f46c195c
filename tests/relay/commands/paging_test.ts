import { deepEqual, ok } from "node:assert/strict";
import { FakeRelay, oneByOne, settle } from "../../kit/fake_relay.ts";
import { recordOf, someEvent } from "../../kit/records.ts";

Deno.test("NIP67-04 NIP67-05 paging by until ends and finds every event, at the seams of pages too", async () => {
  const relay = new FakeRelay();
  const written = Array.from(
    { length: 25 },
    (_, at) => someEvent({ kind: 1, created_at: 1_700_000_000 + Math.floor(at / 5) }),
  );
  const writer = oneByOne(relay.store);
  for (const event of written) await writer.write(recordOf(event));
  const peer = relay.connect();
  const found = new Set<string>();
  let until = 1_800_000_000;
  for (let isOver = false, pages = 0; !isOver; pages++) {
    ok(pages < 10, "paging ends");
    peer.takeSent();
    peer.say(JSON.stringify(["REQ", "s", { kinds: [1], until, limit: 7 }]));
    await settle();
    const sent = peer.takeSent().map((text) => JSON.parse(text));
    const before = found.size;
    for (const [verb, , event] of sent) {
      if (verb !== "EVENT") continue;
      found.add(event.id);
      until = Math.min(until, event.created_at);
    }
    const [, , hints = []] = sent.find(([verb]) => verb === "EOSE")!;
    isOver = hints.includes("finish") || found.size === before;
  }
  deepEqual([...found].sort(), written.map(({ id }) => id).sort());
});
