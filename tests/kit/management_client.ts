/**
 * Management calls, signed as nostr-tools does.
 *
 * @see NIP-86, NIP-98
 * @module
 */

import { equal } from "node:assert/strict";
import { finalizeEvent } from "nostr-tools/pure";
import { getToken } from "nostr-tools/nip98";

let calls = 0;

/** Makes calls with a secret key. They go to the relay at a WebSocket URL, and reject with its error. */
export function managementBy(secret: Uint8Array) {
  return async (relay: string, method: string, ...params: unknown[]): Promise<unknown> => {
    const url = relay.replace(/^ws/, "http") + "/";
    const payload = { method, params };
    // An authorisation is good for one call: two equal ones of one second would be the same.
    const sign = (event: Parameters<typeof finalizeEvent>[0]) =>
      finalizeEvent({ ...event, content: `${calls++}` }, secret);
    const authorization = await getToken(url, "POST", sign, true, payload);
    const headers = { "content-type": "application/nostr+json+rpc", authorization };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(payload) });
    const answer = await response.json();
    equal(answer.error, undefined, `${method}: ${answer.error}`);
    return answer.result;
  };
}
