/**
 * The activity of a relay as lines of text, for a terminal of a given size.
 *
 * Lines have printable ASCII alone, whatever clients have said of themselves: nothing in them can drive
 * a terminal, and each character is one column wide.
 *
 * @module
 */

import { isNearby } from "../network/proxy_advice.ts";
import {
  type Activity,
  amountOf,
  type ClientActivity,
  type EndedQuery,
  largest,
  LONGEST_MS,
  type MirrorActivity,
  type Order,
  type UnansweredQuery,
} from "./activity.ts";

/** Whether a row of the table is a client or an authenticated key. */
export type Grouping = "clients" | "keys";

/** What is shown, and how much of it there is room for. */
export interface ScreenOptions {
  /** Columns. */
  readonly width: number;
  /** Lines; Infinity for as many as there are. */
  readonly height: number;
  readonly order: Order;
  readonly grouping: Grouping;
  /** What stands in the first line, such as the version. */
  readonly title: string;
  /** What is wrong between this program and the relay, if anything. */
  readonly fault?: string | undefined;
  /** The keys that can be pressed; none where nobody can. */
  readonly help?: string | undefined;
  /** Whether an address can be banned by a command beside this relay. */
  readonly canBan: boolean;
}

/** Rows of the table that there is always room for. */
const LEAST_ROWS = 5;

/** A queue as long as this is named first in the line of what is wrong. */
const LONG_QUEUE = 1_000;

/** A timer as late as this, milliseconds, says that something holds the thread. */
const LONG_LAG_MS = 100;

/** The screen: what is wrong, the sums, what takes long, and who does most. */
export function activityScreen(
  activity: Activity | undefined,
  options: ScreenOptions,
): readonly string[] {
  const { width, height, title, fault, help } = options;
  const fit = (lines: readonly string[]) =>
    lines.map((line) => ascii(line).slice(0, width).trimEnd());
  const first = fault === undefined ? title : `${title} | ${fault}`;
  if (activity === undefined) return fit([first, ...help === undefined ? [] : [help]]);
  const head = [
    first,
    ...troubles(activity),
    ...sums(activity),
    ...activity.mirrors.map(mirrorLine),
  ];
  const foot = [banLine(activity, options), help ?? ""].filter((line) => line !== "");
  const room = height - head.length - foot.length - 2;
  const queries = [...activity.queries.map(queryLine), ...activity.ended.map(endedLine)]
    .slice(0, Math.max(0, room - LEAST_ROWS));
  const rows = table(activity, options).slice(0, Math.max(0, room - queries.length + 1));
  // What there is no room for is the end: who does most comes before it.
  return fit([...head, ...queries, "", ...rows, ...foot].slice(0, height));
}

function troubles({ isWritingFailing, isFeedCurrent, workers, queues }: Activity): string[] {
  const late = Math.max(...workers.map(({ lagMs }) => lagMs));
  const long = Object.entries(queues).filter(([, length]) => length >= LONG_QUEUE);
  const all = [
    ...isWritingFailing ? ["events cannot be stored"] : [],
    ...isFeedCurrent ? [] : ["other instances are not heard"],
    ...late >= LONG_LAG_MS ? [`a thread was held up for ${late} ms`] : [],
    ...long.map(([queue, length]) => `${length} wait in the queue ${queue}`),
  ];
  return all.length === 0 ? [] : [`WRONG: ${all.join(", ")}`];
}

function sums(activity: Activity): string[] {
  const { rates, workers, pool, queues, seconds } = activity;
  const waiting = Object.entries(queues).map(([queue, length]) => `${queue} ${length}`).join("  ");
  const perWorker = workers.map(({ connections, lagMs }, at) =>
    `worker ${at + 1}: ${connections} connections, ${lagMs} ms late`
  );
  const connections = `${activity.connections} of ${activity.maxConnections}`;
  return [
    `connections ${connections} (+${rates.opened} -${rates.ended} /s)  ` +
    `subscriptions ${activity.subscriptions}  memory ${bytes(activity.memoryBytes)}`,
    ...seconds === 0 ? ["rates are being measured"] : [
      `in/s   EVENT ${rates.events} (stored ${rates.stored}, known ${rates.duplicate})  ` +
      `REQ ${rates.requests}  messages ${rates.messages}  ${bytes(rates.receivedBytes)}`,
      `out/s  stored ${rates.answered}  live ${rates.delivered}  ${bytes(rates.sentBytes)}`,
      `refused/s ${rates.refusals}${reasonsText(activity.reasons, ": ")}`,
      ...mostRefused(activity),
    ],
    `answers ${answersText(activity)}`,
    `waiting  ${waiting}${
      pool === undefined
        ? ""
        : `  database ${pool.running} of ${pool.connections} busy, ${pool.waiting} waiting`
    }`,
    ...perWorker,
  ];
}

/** Who was refused most, whatever the table is sorted by. */
function mostRefused({ clients }: Activity): string[] {
  const [worst] = largest(clients, 1, ({ refusals }) => refusals);
  if (worst === undefined) return [];
  const { client, refusals, reasons } = worst;
  return [`refused most: ${client} ${refusals}/s${reasonsText(reasons, ": ")}`];
}

function answersText({ answers, answersInAll, slowestMs, windowEvents }: Activity): string {
  const now = shareOfMemory(answers);
  const inAll = shareOfMemory(answersInAll);
  const window = windowEvents === undefined
    ? "no window in memory"
    : `from memory ${now ?? "-"} now, ${inAll ?? "-"} since the start (${windowEvents} events)`;
  const slowest = slowestMs === undefined
    ? ""
    : slowestMs >= LONGEST_MS
    ? "  1 of 100 REQs and more took ten seconds and more"
    : `  99 of 100 REQs within ${slowestMs} ms`;
  return window + slowest;
}

/** Of REQs that were answered, how many from memory alone. */
function shareOfMemory({ memory, both, database }: Activity["answers"]): string | undefined {
  const all = memory + both + database;
  return all === 0 ? undefined : `${Math.round(100 * memory / all)} %`;
}

function mirrorLine(mirror: MirrorActivity): string {
  const { url, direction, isConnected, waiting, hasMissed, behindS } = mirror;
  const state = isConnected
    ? "connected"
    : behindS === undefined
    ? "AWAY, never compared"
    : `AWAY, ${behindS} s behind`;
  return `mirror ${url} ${direction}: ${state}, in/s ${mirror.received}, out/s ${mirror.sent}, ` +
    `refused/s ${mirror.refused}, ${waiting} wait${hasMissed ? ", to be compared again" : ""}`;
}

function queryLine({ verb, client, id, filters, ageMs, waitsFor }: UnansweredQuery): string {
  const whom = waitsFor === "client" ? "the client reads slowly" : "the store is at it";
  return `slow ${seconds(ageMs)}  ${client} ${verb} "${id}" ${filters}: ${whom}`;
}

function endedLine({ verb, client, filters, ms, end, agoMs }: EndedQuery): string {
  return `took ${seconds(ms)}  ${client} ${verb} ${filters}: ${end} ${seconds(agoMs)} ago`;
}

/** `2.3 s`. */
function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** The columns of numbers: heading and width. */
const COLUMNS: readonly (readonly [string, number])[] = [
  ["CONN", 6],
  ["NEW/s", 6],
  ["EVENT/s", 9],
  ["REQ/s", 7],
  ["IN/s", 8],
  ["OUT/s", 8],
  ["REF/s", 7],
];

/** The headings of the columns that clients can be sorted by. */
const SORTED: Readonly<Record<Order, readonly string[]>> = {
  connections: ["CONN"],
  events: ["EVENT/s"],
  requests: ["REQ/s"],
  bytes: ["IN/s", "OUT/s"],
  refusals: ["REF/s"],
};

/** Room for an IPv6 network, or the first digits of a key. */
const NAME_WIDTH = 24;

/** The rows in the order that was asked for; those with nothing of it come last. */
function table(activity: Activity, { order, grouping }: ScreenOptions): string[] {
  const heading = COLUMNS.map(([name, width]) =>
    (SORTED[order].includes(name) ? `*${name}` : name).padStart(width)
  );
  const name = grouping === "clients" ? "CLIENT" : "AUTHENTICATED KEY";
  const last = grouping === "clients" ? "REFUSED FOR, KEYS, AGENT" : "AGENT";
  const rows = sorted(activity[grouping], order);
  if (rows.length === 0) {
    return [grouping === "clients" ? "nobody is connected" : "no connection has authenticated"];
  }
  return [`${name.padEnd(NAME_WIDTH)}${heading.join("")}  ${last}`, ...rows.map(rowText)];
}

function rowText(row: ClientActivity): string {
  const { client, connections, opened, events, requests, refusals } = row;
  const cells = [
    ...[connections, opened, events, requests],
    ...[bytes(row.receivedBytes), bytes(row.sentBytes), refusals],
  ];
  const texts = cells.map((cell, at) => `${cell}`.padStart(COLUMNS[at]![1]));
  const said = [
    reasonsText(row.reasons, ""),
    ...row.keys.length === 0 ? [] : [row.keys.map((key) => key.slice(0, 8)).join(",")],
    row.agent,
  ].filter((text) => text !== "").join("  ");
  return `${shortened(client, NAME_WIDTH - 1).padEnd(NAME_WIDTH)}${texts.join("")}  ${said}`;
}

/** All rows: those that have something of the order first, then as they came. */
function sorted(rows: readonly ClientActivity[], order: Order): readonly ClientActivity[] {
  const first = largest(rows, rows.length, (row) => amountOf(row, order));
  return [...new Set([...first, ...rows])];
}

/** The command that ends what the first row does. */
function banLine(activity: Activity, { order, grouping, canBan }: ScreenOptions): string {
  const [worst] = sorted(activity[grouping], order);
  if (worst === undefined) return "";
  if (!canBan) return "this database keeps no bans: stop a client at the firewall";
  if (grouping === "keys") return `to ban the first: gallimimus ban --key ${worst.client}`;
  const { client, address } = worst;
  if (address === undefined) return `${client} is no single address: stop it at the firewall`;
  if (isNearby(address)) {
    return `${client} is near: if it is a proxy, name it in network.trusted_proxies, and ban nobody before`;
  }
  return client === address
    ? `to ban the first: gallimimus ban ${address}`
    : `to ban one address of the first: gallimimus ban ${address}`;
}

/** The reasons with the most refusals first. */
function reasonsText(reasons: Readonly<Record<string, number>>, lead: string): string {
  const all = Object.entries(reasons).filter(([, count]) => count > 0);
  if (all.length === 0) return "";
  const texts = all.toSorted(([, a], [, b]) => b - a).map(([reason, count]) =>
    `${reason} ${count}`
  );
  return lead + texts.join(", ");
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 2)}..`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `950 B`, `1.2 MB`. */
function bytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Everything else becomes a question mark. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, "?");
}
