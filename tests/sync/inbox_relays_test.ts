import { deepEqual } from "node:assert/strict";
import type { RelayList } from "../../src/nostr/relay_list.ts";
import { inboxRelays } from "../../src/sync/inbox_relays.ts";

const url = (name: string) => `wss://${name}.example/`;
const reads = (...names: readonly string[]): RelayList => ({ read: names.map(url), write: [] });
const writes = (...names: readonly string[]): RelayList => ({ read: [], write: names.map(url) });
const nothing = () => "first" as const;

Deno.test("NIP-65: the read relays of the keys come first, then those most people write to", () => {
  const own = [reads("own", "rare"), writes("elsewhere")];
  const followed = [writes("one", "many"), writes("many"), writes("some", "many"), writes("some")];
  deepEqual(
    inboxRelays({ own, followed }, 5, nothing),
    ["own", "rare", "many", "some", "one"].map(url),
  );
  deepEqual(inboxRelays({ own, followed }, 3, nothing), ["own", "rare", "many"].map(url));
});

Deno.test("a host is taken once, and what is away comes last", () => {
  const paths = Array.from({ length: 100 }, (_, at) => `wss://mallory.example/${at}`);
  const followed = [{ read: [], write: paths }, writes("good"), writes("good")];
  deepEqual(inboxRelays({ own: [], followed }, 5, nothing), [url("good"), paths[0]]);
  const use = (away: "last" | "never") =>
    inboxRelays({ own: [], followed }, 5, (each) => each === url("good") ? away : "first");
  deepEqual(use("last"), [paths[0], url("good")]);
  deepEqual(use("never"), [paths[0]]);
});
