import { deepEqual } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { asksForPrivateOnly, isVisible } from "../../src/nostr/visibility.ts";

const event: NostrEvent = {
  id: "1",
  pubkey: "author",
  created_at: 1,
  kind: 1059,
  tags: [["p", "friend"], ["p"], ["e", "stranger"]],
  content: "",
  sig: "",
};
const privateKinds = new Set([4, 1059]);

Deno.test("NIP17 NIP59-02 a private event is for its author and those it is addressed to", () => {
  const sees = (...keys: string[]) => isVisible(event, { privateKinds, keys: new Set(keys) });
  deepEqual(
    [sees(), sees("stranger"), sees("author"), sees("friend"), sees("stranger", "friend")],
    [false, false, true, true, true],
  );
});

Deno.test("any other event is for everybody", () => {
  const note = { ...event, kind: 1 };
  deepEqual(isVisible(note, { privateKinds, keys: new Set() }), true);
});

Deno.test("a filter asks for private events alone when it names no other kind", () => {
  const asks = (kinds?: number[]) =>
    asksForPrivateOnly({ tags: new Map(), ...kinds && { kinds: new Set(kinds) } }, privateKinds);
  deepEqual([asks([4]), asks([4, 1059]), asks([1, 4]), asks([]), asks()], [
    true,
    true,
    false,
    false,
    false,
  ]);
});
