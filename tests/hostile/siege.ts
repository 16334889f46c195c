/**
 * A relay under attack, seen by an honest client.
 *
 * @module
 */

import { RelayClient } from "../kit/relay_client.ts";
import { residentBytes } from "../kit/resident_memory.ts";
import type { RunningRelay } from "../kit/running_relay.ts";
import type { Orders } from "./attacker.ts";

/** An attack, and for how long the honest client asks meanwhile. */
export interface Siege extends Omit<Orders, "url"> {
  readonly lastsMs: number;
}

/** What the honest client and the process felt. */
export interface Felt {
  /** Of its REQs, milliseconds: of a hundred, one takes longer. */
  readonly p99Ms: number;
  /** The longest of them. */
  readonly worstMs: number;
  /** How many it could ask. */
  readonly count: number;
  /** By how much the memory of the process was larger at its most, bytes. */
  readonly grownBytes: number;
}

/** Asks the relay, one question after the other, while others send, and tells what came of it. */
export async function besiege(
  relay: RunningRelay,
  { lastsMs, ...orders }: Siege,
): Promise<Felt> {
  const attackers = new Worker(new URL("attacker.ts", import.meta.url), { type: "module" });
  await new Promise((resolve) => {
    attackers.onmessage = resolve;
    attackers.postMessage({ url: relay.url, ...orders } satisfies Orders);
  });
  const honest = await RelayClient.connect(relay.url);
  const before = residentBytes(relay.pid);
  const times: number[] = [];
  let grownBytes = 0;
  attackers.postMessage("go");
  const endMs = performance.now() + lastsMs;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await honest.query([{ kinds: new Set([0]), tags: new Map(), limit: 10 }]);
    times.push(performance.now() - startMs);
    grownBytes = Math.max(grownBytes, residentBytes(relay.pid) - before);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  attackers.terminate();
  await honest.close();
  times.sort((a, b) => a - b);
  return {
    p99Ms: times[Math.floor(times.length * 0.99)]!,
    worstMs: times.at(-1)!,
    count: times.length,
    grownBytes,
  };
}
