/**
 * The loads, in the order in which they run.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import type { SeededRandom } from "../../tests/kit/seeded_random.ts";
import { type Draw, filterShapes, mixedEvents, NoteWriters, pages } from "./corpus.ts";
import type { LoadResult, RunOptions } from "./crew.ts";
import { packMessages } from "./frames.ts";
import type { Amounts, Group } from "./options.ts";
import { framesOf } from "./publish.ts";
import type { Job, Target } from "./side.ts";
import type { FeedJob } from "./sides/feed.ts";
import type { ListenJob, SharedFeed } from "./sides/listen.ts";

/** What is done to one relay. */
export interface Run {
  readonly jobs: readonly Job[];
  readonly counts?: RunOptions["counts"];
}

/** A load. */
export interface Load {
  readonly group: Group;
  readonly name: string;
  readonly unit: string;
  /** Whether it stores what the questions are about. */
  readonly isStoring?: boolean;
  /** More about what happened, for the report. */
  readonly detail?: (result: LoadResult) => string;
  /** Makes what is sent in one round, to be sent to each relay. */
  readonly round: (round: number) => (target: Target) => Run;
}

/** What the loads are made of. */
export interface LoadOptions {
  readonly amounts: Amounts;
  readonly random: SeededRandom;
  /** Events for so many rounds. */
  readonly rounds: number;
}

/** Authors of the notes. */
const WRITERS = 500;
/** Different questions of one load. */
const QUESTIONS = 1_000;
/** Subscriptions of a connection that listens for authors. */
const BY_AUTHOR = 4;

/** The loads, and the events that the first one publishes. */
export interface Loads {
  readonly events: readonly NostrEvent[];
  readonly all: readonly Load[];
}

/** Signs the events and draws the questions. */
export function makeLoads({ amounts, random, rounds }: LoadOptions): Loads {
  const events = mixedEvents(random, amounts.events * rounds);
  const writers = new NoteWriters(random, WRITERS);
  const { authors } = writers;
  const all = [
    // First, for what a relay's process has once taken it does not give back.
    holdLoad(amounts, authors),
    closedLoop(amounts, events),
    openLoop(amounts, writers),
    ...questionLoads({ amounts, random, events }),
    ...feedLoads(amounts, writers),
    connectLoad(amounts),
  ];
  return { events, all };
}

function closedLoop(amounts: Amounts, events: readonly NostrEvent[]): Load {
  const { connections, inFlight, maxSeconds } = amounts;
  return {
    group: "publish",
    isStoring: true,
    name: `publish, ${connections} connections × ${inFlight} in flight`,
    unit: "events/s",
    round: (round) => {
      const part = events.slice(round * amounts.events, (round + 1) * amounts.events);
      const frames = framesOf(part);
      const job = { kind: "publish", ...frames, connections, inFlight, maxSeconds } as const;
      return (target) => ({ jobs: [{ ...target, ...job }] });
    },
  };
}

function openLoop({ connections, rate, seconds }: Amounts, writers: NoteWriters): Load {
  return {
    group: "publish",
    name: `publish at ${rate.toLocaleString("en")} events/s, whatever is answered`,
    unit: "events/s",
    detail: ({ lateMs }) => `the client was late by at most ${lateMs?.toFixed(1)} ms`,
    round: () => {
      const frames = framesOf(writers.write(Math.ceil(rate * seconds)));
      const job = { kind: "publish", ...frames, connections, perSecond: rate } as const;
      return (target) => ({ jobs: [{ ...target, ...job, maxSeconds: Infinity }] });
    },
  };
}

/** Questions of all shapes in turn, each shape by itself, and pages of the new and of the old. */
function questionLoads(
  { amounts, random, events }: Pick<LoadOptions, "amounts" | "random"> & {
    readonly events: readonly NostrEvent[];
  },
): readonly Load[] {
  const shapes = filterShapes(random, events);
  const load = (name: string, draws: readonly Draw[], seconds: number): Load => ({
    group: "req",
    name,
    unit: "queries/s",
    detail: ({ rows = 0, done }) => `${(rows / Math.max(done, 1)).toFixed(0)} rows each`,
    round: () => {
      const filters = Array.from({ length: QUESTIONS }, (_, at) => draws[at % draws.length]!());
      const job = {
        kind: "ask",
        requests: packMessages(filters.map((filter, at) => ["REQ", `q${at}`, filter])),
        closes: packMessages(filters.map((_, at) => ["CLOSE", `q${at}`])),
        connections: amounts.askers,
        seconds,
        ...(amounts.queries === undefined ? {} : { questions: amounts.queries }),
      } as const;
      return (target) => ({ jobs: [{ ...target, ...job }] });
    },
  });
  const { seconds, askers } = amounts;
  return [
    load(`mixed REQs, ${askers} connections`, Object.values(shapes), seconds),
    ...Object.entries(shapes).map(([name, draw]) => load(`REQ: ${name}`, [draw], seconds / 2)),
    ...(["hot", "cold"] as const).map((age) =>
      load(`REQ: ${age} pages`, [pages(random, events, age)], seconds)
    ),
  ];
}

interface FeedShape {
  readonly name: string;
  /** Events that a quick relay passes on in a second. */
  readonly perSecond: number;
  readonly inFlight: number;
  readonly listen: Pick<ListenJob, "connections" | "subscriptions" | "isByAuthor" | "isDeflated">;
}

function feedLoads({ seconds, listeners }: Amounts, writers: NoteWriters): readonly Load[] {
  const toAll = { connections: listeners, subscriptions: 1, isByAuthor: false, isDeflated: false };
  const subscriptions = (listeners * BY_AUTHOR).toLocaleString("en");
  const shapes: readonly FeedShape[] = [
    {
      name: `one event to ${listeners} listeners, 16 in flight`,
      perSecond: 1_500,
      inFlight: 16,
      listen: toAll,
    },
    {
      name: `one event to ${listeners} listeners, 16 in flight, deflated`,
      perSecond: 1_500,
      inFlight: 16,
      listen: { ...toAll, isDeflated: true },
    },
    {
      name: `one event to few of ${subscriptions} subscriptions, 16 in flight`,
      perSecond: 5_000,
      inFlight: 16,
      listen: { ...toAll, subscriptions: BY_AUTHOR, isByAuthor: true },
    },
    {
      name: "one event to 1 listeners, 1 in flight",
      perSecond: 5_000,
      inFlight: 1,
      listen: { ...toAll, connections: 1 },
    },
  ];
  return shapes.map(({ name, perSecond, inFlight, listen }) => ({
    group: "fan-out",
    name,
    unit: "deliveries/s",
    round: () => {
      const notes = writers.write(Math.ceil(perSecond * seconds));
      const { frames, keys } = framesOf(notes);
      return (target) => {
        const feed = sharedFeed(notes, keys, writers.authors);
        const publish: FeedJob = {
          ...{ ...target, kind: "feed", feed, frames, inFlight, seconds },
        };
        const receive: ListenJob = {
          ...{ ...target, kind: "listen", feed, ...listen },
          authors: writers.authors,
          sinceS: notes[0]!.created_at,
        };
        return { jobs: [publish, receive], counts: "last" };
      };
    },
  }));
}

/** What both sides of a fan-out are to know of these notes. */
export function sharedFeed(
  notes: readonly NostrEvent[],
  keys: Float64Array,
  authors: readonly string[],
): SharedFeed {
  const { length } = notes;
  const places = new Map(authors.map((author, at) => [author, at]));
  const authorOf = new Int32Array(new SharedArrayBuffer(4 * length));
  notes.forEach(({ pubkey }, at) => authorOf[at] = places.get(pubkey)!);
  return {
    keys,
    authorOf,
    sentMs: new Float64Array(new SharedArrayBuffer(8 * length)),
    missing: new Int32Array(new SharedArrayBuffer(4 * length)),
    finished: new Int32Array(new SharedArrayBuffer(4)),
    lastMs: new Float64Array(new SharedArrayBuffer(8)),
  };
}

function connectLoad({ seconds }: Amounts): Load {
  return {
    group: "connect",
    name: "connect, shake hands and hang up, 32 at a time",
    unit: "connections/s",
    round: () => (target) => ({ jobs: [{ ...target, kind: "connect", atOnce: 32, seconds }] }),
  };
}

function holdLoad(amounts: Amounts, authors: readonly string[]): Load {
  const { heldConnections: connections, heldSubscriptions: subscriptions } = amounts;
  return {
    group: "hold",
    name: `open ${connections} idle connections, ${subscriptions} subscriptions each`,
    unit: "connections/s",
    round: () => (target) => ({
      jobs: [{ ...target, kind: "hold", connections, subscriptions, authors }],
    }),
  };
}

/** Those of these groups. Questions are about what a closed loop publishes, so that comes along. */
export function chosenLoads({ all }: Loads, only: ReadonlySet<Group>): readonly Load[] {
  return all.filter(({ group, isStoring }) => only.has(group) || isStoring && only.has("req"));
}
