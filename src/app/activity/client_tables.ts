/**
 * Adds up what connections do, by client and by authenticated key.
 *
 * @module
 */

import type { ConnectedSession } from "../../relay/relay.ts";
import type { Transport } from "../relay_connections.ts";
import { type ClientActivity, foremost, MAX_CLIENT_KEYS, plainText } from "./activity.ts";
import { type PerSecond, scaled, scaledTraffic, sumOf, type Totals } from "./rates.ts";

/**
 * Clients that are told apart between two readings. A flood of short connections from more addresses
 * shows in the sums.
 */
const MAX_ROWS = 65_536;

/** Characters that are kept of what a client says that it runs. */
const MAX_AGENT = 60;

const COUNTED = [
  ...["messages", "events", "requests", "refusals", "receivedBytes", "sentBytes"] as const,
];

/** Counts of one connection. */
type Counts = Record<typeof COUNTED[number], number>;

/** A client while its connections are added up; what will be rates are counts. */
interface Row extends Counts {
  readonly client: string;
  address: string | undefined;
  connections: number;
  opened: number;
  subscriptions: number;
  queuedBytes: number;
  reasons: Record<string, number>;
  keys: string[];
  agent: string | undefined;
}

/** Remembers what each connection had counted, and adds up what it has done since. */
export class ClientTables {
  /** What each open connection had counted when it was looked at last. */
  readonly #marks = new Map<Transport, Counts>();
  #clients = new Map<string, Row>();
  #keys = new Map<string, Row>();
  /** Whether {@link take} was called: what was counted before nobody has looked is no rate. */
  #hasBegun = false;

  /** Adds an open connection, and what it did since the last reading. */
  count(connection: Transport, session: ConnectedSession): void {
    this.#add(connection, session, true);
  }

  /** Adds what a connection did that has ended. */
  end(connection: Transport, session: ConnectedSession): void {
    this.#add(connection, session, false);
    this.#marks.delete(connection);
  }

  /** Says why a client was refused, and how often: more often than its sessions count, if connections were. */
  refuse(client: string, reasons: Totals): void {
    const row = rowIn(this.#clients, client);
    if (row === undefined) return;
    row.reasons = { ...reasons };
    row.refusals = Math.max(row.refusals, sumOf(reasons));
    if (!row.client.includes("/")) row.address ??= row.client;
  }

  /** Gives those that did most, and begins anew. */
  take(perSecond: PerSecond): Readonly<Record<"clients" | "keys", readonly ClientActivity[]>> {
    const toActivity = (row: Row) => activityOf(row, perSecond);
    const clients = foremost(this.#clients.values()).map(toActivity);
    const keys = foremost(this.#keys.values()).map(toActivity);
    [this.#clients, this.#keys, this.#hasBegun] = [new Map(), new Map(), true];
    return { clients, keys };
  }

  #add(connection: Transport, session: ConnectedSession, isOpen: boolean): void {
    const { client } = session;
    const before = this.#marks.get(connection);
    const counts = countsOf(connection, session);
    if (isOpen) this.#marks.set(connection, counts);
    const row = rowIn(this.#clients, client.network ?? client.address);
    if (row !== undefined) {
      row.address ??= client.address;
      addKeys(row, client.keys);
    }
    const rows = [row, ...Array.from(client.keys, (key) => rowIn(this.#keys, key))];
    for (const each of rows.filter((row) => row !== undefined)) {
      this.#addTo(each, counts, before);
      if (isOpen) addOpen(each, connection, session);
      // As it was said; `activityOf` makes it plain, of those that are told of.
      each.agent ??= client.userAgent ?? client.origin;
    }
  }

  #addTo(row: Row, counts: Counts, before: Counts | undefined): void {
    if (!this.#hasBegun) return;
    if (before === undefined) row.opened++;
    for (const name of COUNTED) row[name] += counts[name] - (before?.[name] ?? 0);
  }
}

function countsOf(connection: Transport, { tally }: ConnectedSession): Counts {
  return {
    messages: tally.messages,
    events: tally.published,
    requests: tally.requests,
    refusals: tally.refused,
    receivedBytes: connection.receivedBytes,
    sentBytes: connection.sentBytes,
  };
}

function addOpen(row: Row, connection: Transport, session: ConnectedSession): void {
  row.connections++;
  row.subscriptions += session.subscriptionCount;
  row.queuedBytes += connection.queuedBytes;
}

function addKeys({ keys }: Row, more: ReadonlySet<string>): void {
  for (const key of more) {
    if (keys.length >= MAX_CLIENT_KEYS) return;
    if (!keys.includes(key)) keys.push(key);
  }
}

/** The row of this name, a new one if need be; undefined when there are too many. */
function rowIn(rows: Map<string, Row>, name: string): Row | undefined {
  const known = rows.get(name);
  if (known !== undefined || rows.size >= MAX_ROWS) return known;
  const row: Row = {
    ...{ client: clientName(name), address: undefined, connections: 0, opened: 0 },
    ...{ subscriptions: 0, queuedBytes: 0, messages: 0, events: 0, requests: 0, refusals: 0 },
    ...{ receivedBytes: 0, sentBytes: 0, reasons: {}, keys: [], agent: undefined },
  };
  rows.set(name, row);
  return row;
}

/** An IPv4 network of one address is that address. */
export function clientName(network: string): string {
  return network.endsWith("/32") && !network.includes(":") ? network.slice(0, -3) : network;
}

function activityOf(row: Row, perSecond: PerSecond): ClientActivity {
  const { opened, messages, events, requests, refusals, receivedBytes, sentBytes } = row;
  const counts = { opened, messages, events, requests, refusals, receivedBytes, sentBytes };
  return {
    ...row,
    ...scaledTraffic(counts, perSecond),
    reasons: scaled(row.reasons, perSecond),
    agent: plainText(row.agent ?? "", MAX_AGENT),
  };
}
