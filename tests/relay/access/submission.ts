import type { NostrEvent } from "../../../src/nostr/event.ts";
import { ConnectedClient } from "../../../src/relay/access/client.ts";
import type { Submission } from "../../../src/relay/access/policy.ts";

/** A small event at the beginning of time, but for what the test is about. */
export function submission(
  event: Partial<NostrEvent>,
  rest: Partial<Submission> = {},
): Submission {
  const plain = { id: "", pubkey: "", created_at: 0, kind: 1, tags: [], content: "", sig: "" };
  return { event: { ...plain, ...event }, jsonBytes: 300, nowMs: 0, origin: "socket", ...rest };
}

/** A client that has proved these keys. */
export function clientWith(...keys: readonly string[]): ConnectedClient {
  const client = new ConnectedClient("192.0.2.1");
  for (const key of keys) client.authenticate(key);
  return client;
}
