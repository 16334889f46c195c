/**
 * A thread that reconciles sets of made-up events, so that it is not the relay's thread that computes.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { itemSetOf, madeUpItems, reconcileWith } from "./reconciling_client.ts";

/** What the worker is told. */
export interface ReconcilingTask {
  readonly url: string;
  readonly filter: object;
  /** The numbers of the made-up events, and how many of them have the same second. */
  readonly numbers: readonly [number, number];
  readonly perSecond: number;
  /** Every so many-th is missing; 0 for none. */
  readonly missing: number;
}

/** What it answers; then it waits for a message, reconciles, and answers with a result. */
export type ReconcilingResult =
  | { readonly ready: true }
  | {
    readonly have: number;
    readonly need: number;
    readonly messages: number;
    readonly bytes: number;
    readonly ms: number;
    readonly relayMs: number;
  }
  | { readonly fault: string };

const say = (result: ReconcilingResult) => self.postMessage(result);

self.onmessage = ({ data }: MessageEvent<ReconcilingTask>) => {
  const { url, filter, numbers, perSecond, missing } = data;
  const items = madeUpItems(numbers, perSecond)
    .filter((_, at) => missing === 0 || at % missing !== missing - 1);
  const set = itemSetOf(items);
  self.onmessage = async () => {
    try {
      const { have, need, ...counts } = await reconcileWith(url, filter, set);
      const bytes = counts.bytesSent + counts.bytesReceived;
      say({ ...counts, have: have.size, need: need.size, bytes });
    } catch (error) {
      say({ fault: String(error) });
    }
  };
  say({ ready: true });
};
