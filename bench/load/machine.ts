/**
 * What one core of this machine could do at best at this moment.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import { silentLog } from "../../src/base/log.ts";
import { eventId } from "../../src/nostr/event_id.ts";
import { signatureHolds } from "../../src/nostr/signature.ts";
import { chooseEngine } from "../../src/signatures/signature_engine.ts";
import type { Crew } from "./crew.ts";
import type { EchoJob } from "./sides/echo.ts";

/** Upper bounds of what a relay can do here. */
export interface Machine {
  readonly cores: number;
  /** With the fastest engine that is here. */
  readonly signatureChecksPerSecond: number;
  readonly signatureEngine: string;
  readonly idsPerSecond: number;
  /** Frames of 400 bytes to another thread and back, one at a time on 64 connections. */
  readonly echoFramesPerSecond: number;
}

/** Measures for about two seconds. */
export async function measureMachine(crew: Crew, events: readonly NostrEvent[]): Promise<Machine> {
  const engine = await chooseEngine({ engine: "auto" }, silentLog);
  return {
    cores: navigator.hardwareConcurrency,
    signatureChecksPerSecond: perSecond(events, (event) => signatureHolds(event, engine)),
    signatureEngine: engine.name,
    idsPerSecond: perSecond(events, (event) => eventId(event)),
    echoFramesPerSecond: await echoes(crew),
  };
}

function perSecond(events: readonly NostrEvent[], work: (event: NostrEvent) => void): number {
  events.forEach(work);
  const startMs = performance.now();
  events.forEach(work);
  return events.length / ((performance.now() - startMs) / 1_000);
}

async function echoes(crew: Crew): Promise<number> {
  const chosenPort = new Int32Array(new SharedArrayBuffer(4));
  const job = (role: EchoJob["role"]): EchoJob => ({
    ...{ kind: "echo", role, chosenPort, connections: 64, seconds: 1 },
  });
  const { done, seconds } = await crew.run([job("client"), job("server")], { counts: "first" });
  return done / seconds;
}
