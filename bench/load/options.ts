/**
 * The command line of `deno task bench`.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** The kinds of loads, in the order in which they run. */
export const groups = ["hold", "publish", "req", "fan-out", "connect"] as const;

/** One of {@link groups}. */
export type Group = typeof groups[number];

/** One flag: what it means, and its default where it has one. */
interface Flag {
  readonly value: string;
  readonly default?: string;
  readonly isNumber?: boolean;
  readonly isList?: boolean;
  readonly means: string;
}

const number = (value: string, standard: number, means: string): Flag => ({
  ...{ value, default: String(standard), isNumber: true, means },
});

const flags = {
  only: { value: "LOAD,…", default: groups.join(","), means: "which loads" },
  seconds: number("S", 1, "how long each load lasts"),
  events: number("N", 10_000, "events that are published, and that the questions are about"),
  connections: number("N", 64, "connections that publish"),
  "in-flight": number("N", 32, "events of each that wait for their OK"),
  rate: number("N", 1_000, "events a second of the open loop"),
  askers: number("N", 8, "connections that ask, one question at a time"),
  queries: { value: "N", isNumber: true, means: "questions of each load, in place of --seconds" },
  listeners: number("N", 500, "connections that listen"),
  "held-connections": number("N", 500, "idle connections"),
  "held-subscriptions": number("N", 10, "subscriptions of each of them"),
  timeout: number("S", 10, "how long the relay may take for an answer"),
  "max-seconds": number("S", 30, "when publishing ends though events are left"),
  seed: { value: "N", isNumber: true, means: "of all that is random; default: by chance" },
  database: {
    value: "NAME,…",
    means: "our own relay on these, instead of a URL: memory:, pglite:, managed:, postgres:, …",
  },
  set: { value: "KEY=VALUE", isList: true, means: "a setting of our own relay; may be repeated" },
  idle: number("N", 0, "idle connections that stay open during all loads"),
  pid: { value: "PID", isNumber: true, means: "the relay's process, if it is on this machine" },
  compare: {
    value: "URL|NAME",
    means: "another relay, or our own on this database, to compare with",
  },
  "compare-set": { value: "KEY=VALUE", isList: true, means: "as --set, for the one of --compare" },
  "compare-idle": number("N", 0, "as --idle, for the one of --compare"),
  "compare-pid": { value: "PID", isNumber: true, means: "as --pid, for the one of --compare" },
  pairs: number("N", 3, "how often both are measured, in turn"),
  json: { value: "FILE", means: "write all figures to this file, too" },
} satisfies Readonly<Record<string, Flag>>;

/** A relay to measure, or one to start. */
export interface Target {
  /** A URL, or the name of a database. */
  readonly name: string;
  readonly settings: readonly string[];
  /** How many idle connections it has beside the load. */
  readonly idle: number;
  readonly pid?: number;
}

/** How much of each load. */
export interface Amounts {
  readonly seconds: number;
  readonly events: number;
  readonly connections: number;
  readonly inFlight: number;
  readonly rate: number;
  readonly askers: number;
  readonly queries?: number;
  readonly listeners: number;
  readonly heldConnections: number;
  readonly heldSubscriptions: number;
  readonly timeoutMs: number;
  readonly maxSeconds: number;
}

/** What to do. */
export interface BenchOptions {
  readonly targets: readonly Target[];
  /** Compared with the only target. */
  readonly peer?: Target;
  readonly pairs: number;
  readonly only: ReadonlySet<Group>;
  readonly amounts: Amounts;
  readonly seed?: number;
  readonly json?: string;
}

/** The text of `--help`. */
export function helpText(): string {
  const lines = Object.entries<Flag>(flags).map(([name, flag]) => {
    const standard = flag.default === undefined ? "" : ` (${flag.default})`;
    return `  ${`--${name} ${flag.value}`.padEnd(28)} ${flag.means}${standard}`;
  });
  return [
    "usage: deno task bench [ws://HOST:PORT …] [options]",
    "",
    "Measures relays. Without a URL it starts our own on each database. It publishes signed events",
    "of made-up authors and leaves them there: do not point it at a relay that others use.",
    "",
    ...lines,
  ].join("\n");
}

/** What the arguments ask for; `help`, or what is wrong with them. */
export function parseOptions(
  args: readonly string[],
  databases: readonly string[],
): BenchOptions | "help" | { readonly fault: string } {
  const parsed = parse(args);
  if ("fault" in parsed) return parsed;
  const { values, positionals } = parsed;
  if (values.help === true) return "help";
  const text = (name: keyof typeof flags) => values[name] as string | undefined;
  const list = (name: keyof typeof flags) => (values[name] ?? []) as readonly string[];
  const wrong = Object.entries<Flag>(flags).find(([name, { isNumber }]) =>
    isNumber && values[name] !== undefined && !isAmount(values[name])
  );
  if (wrong) return { fault: `--${wrong[0]} is no number: ${values[wrong[0]]}` };
  const only = text("only")!.split(",");
  const unknown = only.find((group) => !groups.some((name) => name === group));
  if (unknown !== undefined) return { fault: `--only ${unknown} is none of ${groups.join(", ")}` };
  const target = (name: string, prefix: "" | "compare-"): Target => {
    const pid = text(`${prefix}pid`);
    return {
      ...{ name, settings: list(`${prefix}set`) },
      idle: Number(text(`${prefix}idle`)),
      ...(pid === undefined ? {} : { pid: Number(pid) }),
    };
  };
  const named = [...positionals, ...text("database")?.split(",") ?? []];
  const peer = text("compare");
  const names = named.length > 0 ? named : peer === undefined ? databases : databases.slice(0, 1);
  const all = peer === undefined ? names : [...names, peer];
  const odd = all.find((name) => !isUrl(name) && !databases.includes(name));
  if (odd !== undefined) {
    return { fault: `${odd} is no ws:// or wss:// URL and none of ${databases}` };
  }
  if (peer !== undefined && names.length > 1) return { fault: "--compare compares one relay" };
  if (text("pid") !== undefined && names.length > 1) return { fault: "--pid is of one relay" };
  const seed = text("seed");
  const json = text("json");
  return {
    targets: names.map((name) => target(name, "")),
    ...(peer === undefined ? {} : { peer: target(peer, "compare-") }),
    pairs: Math.max(1, Number(text("pairs"))),
    only: new Set(only as readonly Group[]),
    amounts: amountsOf((name) => text(name)),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(json === undefined ? {} : { json }),
  };
}

function amountsOf(text: (name: keyof typeof flags) => string | undefined): Amounts {
  const least1 = (name: keyof typeof flags) => Math.max(1, Number(text(name)));
  const queries = text("queries");
  return {
    seconds: Number(text("seconds")),
    // Of fewer, not every shape of question has something to ask about.
    events: Math.max(50, Math.ceil(Number(text("events")))),
    connections: least1("connections"),
    inFlight: least1("in-flight"),
    rate: least1("rate"),
    askers: least1("askers"),
    ...(queries === undefined ? {} : { queries: Number(queries) }),
    listeners: least1("listeners"),
    heldConnections: least1("held-connections"),
    heldSubscriptions: Number(text("held-subscriptions")),
    timeoutMs: Number(text("timeout")) * 1_000,
    maxSeconds: Number(text("max-seconds")),
  };
}

function parse(args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries<Flag>(flags).map(([name, { default: standard, isList = false }]) => [
      name,
      {
        type: "string" as const,
        multiple: isList,
        ...(standard === undefined ? {} : { default: standard }),
      },
    ]),
  );
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, help: { type: "boolean" } },
      allowPositionals: true,
    }) as {
      readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
      readonly positionals: readonly string[];
    };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

function isAmount(value: unknown): boolean {
  return Number.isFinite(Number(value)) && Number(value) >= 0;
}

/** Whether it can be connected to. */
export function isUrl(name: string): boolean {
  return /^wss?:\/\//.test(name) && URL.canParse(name);
}
