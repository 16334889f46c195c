/**
 * A client that compares a set of its own with a relay's, and events that are made in the database.
 *
 * @module
 */

import { type ItemSet, ItemSetBuilder } from "../../src/nostr/negentropy/item_set.ts";
import { firstMessage, learnFrom } from "../../src/nostr/negentropy/reconcile.ts";
import { sha256 } from "../../src/app/system/sha256.ts";
import type { Database } from "../../src/store/database/database.ts";

/** An item of a set. */
export interface Item {
  readonly id: string;
  readonly createdAt: number;
}

/** The first of the made-up events is of this time. */
export const FIRST_TIME = 1_700_000_000;

/**
 * Inserts made-up events with the numbers from `from` to below `to`, `perSecond` of each second. Their
 * signatures are not valid, which nobody checks any more.
 */
export async function insertMadeUpEvents(
  database: Database,
  [from, to]: readonly [number, number],
  perSecond: number,
): Promise<void> {
  await database.script(`insert into events (id, pubkey, kind, created_at, raw)
select id, pubkey, 1, created_at, format(
  '{"id":"%s","pubkey":"%s","created_at":%s,"kind":1,"tags":[],"content":"%s","sig":"%s"}',
  encode(id, 'hex'), encode(pubkey, 'hex'), created_at, repeat('made up ', 20), repeat('0', 128))
from (
  select sha256(number::text::bytea) as id, sha256((number % 1000)::text::bytea) as pubkey,
    ${FIRST_TIME} + number / ${perSecond} as created_at
  from generate_series(${from}, ${to - 1}) as number
) as made`);
}

/** The same, as items. */
export function madeUpItems([from, to]: readonly [number, number], perSecond: number): Item[] {
  const encoder = new TextEncoder();
  return Array.from({ length: to - from }, (_, at) => ({
    id: sha256(encoder.encode(`${from + at}`)).toHex(),
    createdAt: FIRST_TIME + Math.floor((from + at) / perSecond),
  }));
}

/** Items in any order as a set. */
export function itemSetOf(items: readonly Item[]): ItemSet {
  const builder = new ItemSetBuilder();
  const newestFirst = items.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
  for (const { createdAt, id } of newestFirst) builder.add(createdAt, id);
  return builder.build();
}

/** What came of a reconciliation. */
export interface Reconciled {
  readonly have: ReadonlySet<string>;
  readonly need: ReadonlySet<string>;
  /** Messages of the relay. */
  readonly messages: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** From NEG-OPEN to the last answer. */
  readonly ms: number;
  /** Of that, how long the client waited for the relay. */
  readonly relayMs: number;
}

/** Reconciles `items` with what the relay has of a filter. Rejects when the relay refuses. */
export async function reconcileWith(
  url: string,
  filter: object,
  items: ItemSet,
): Promise<Reconciled> {
  const options = { sha256, maxMessageBytes: 60_000, told: new Uint8Array(items.size) };
  const [have, need] = [new Set<string>(), new Set<string>()];
  let [messages, bytesSent, bytesReceived, relayMs] = [0, 0, 0, 0];
  const first = firstMessage(items, options);
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sentMs = 0;
  const send = (text: string) => {
    bytesSent += text.length;
    sentMs = performance.now();
    socket.send(text);
  };
  const startMs = performance.now();
  socket.onopen = () => send(JSON.stringify(["NEG-OPEN", "n", filter, first.toHex()]));
  socket.onclose = () => reject(new Error("the relay closed the connection"));
  socket.onmessage = ({ data }) => {
    const [verb, , text] = JSON.parse(data);
    if (verb === "AUTH") return;
    if (verb !== "NEG-MSG") return reject(new Error(data));
    relayMs += performance.now() - sentMs;
    bytesReceived += data.length;
    messages++;
    const learnt = learnFrom(items, Uint8Array.fromHex(text), options);
    if ("fault" in learnt) return reject(new Error(learnt.fault));
    for (const id of learnt.have) have.add(id);
    for (const id of learnt.need) need.add(id);
    if (learnt.message === undefined) resolve();
    else send(JSON.stringify(["NEG-MSG", "n", learnt.message.toHex()]));
  };
  try {
    await promise;
  } finally {
    const closed = new Promise((done) => socket.onclose = done);
    socket.close();
    await closed;
  }
  const ms = performance.now() - startMs;
  return { have, need, messages, bytesSent, bytesReceived, ms, relayMs };
}
