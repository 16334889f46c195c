import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  type Activity,
  type ClientActivity,
  ORDERS,
  plainText,
  sumOfActivities,
} from "../../../src/app/activity/activity.ts";
import { activityScreen, type ScreenOptions } from "../../../src/app/activity/activity_screen.ts";

const QUIET: ClientActivity = {
  ...{ client: "192.0.2.1", address: "192.0.2.1", connections: 1, opened: 0, subscriptions: 2 },
  ...{ messages: 0, events: 0, requests: 0, receivedBytes: 0, sentBytes: 0, refusals: 0 },
  ...{ queuedBytes: 0, reasons: {}, keys: [], agent: "" },
};

const FLOOD: ClientActivity = {
  ...QUIET,
  ...{ client: "198.51.100.7", address: "198.51.100.7", connections: 20, opened: 1.5 },
  ...{ messages: 130, events: 120, requests: 10, receivedBytes: 52_000, refusals: 118 },
  ...{ reasons: { "rate-limited": 110, invalid: 8 }, keys: ["ab".repeat(32)], agent: "bot/1" },
};

const ACTIVITY: Activity = {
  seconds: 1,
  workers: [{ connections: 12, lagMs: 2 }, { connections: 9, lagMs: 7 }],
  ...{ connections: 21, maxConnections: 1_000, subscriptions: 44, memoryBytes: 123_456_789 },
  rates: {
    ...{ opened: 1.5, ended: 0.5, messages: 130, events: 120, requests: 10, stored: 2 },
    ...{ duplicate: 0, answered: 40, delivered: 3, receivedBytes: 52_000, sentBytes: 9_000 },
    refusals: 118,
  },
  reasons: { invalid: 8, "rate-limited": 110 },
  queues: { signature: 0, write: 3, query: 1, delivery: 0 },
  answers: { memory: 9, both: 0, database: 1 },
  answersInAll: { memory: 75, both: 0, database: 25 },
  slowestMs: 25,
  windowEvents: 5_000,
  pool: { connections: 7, running: 2, waiting: 1 },
  ...{ isWritingFailing: false, isFeedCurrent: true },
  clients: [QUIET, FLOOD],
  keys: [{ ...FLOOD, client: "ab".repeat(32), address: undefined, keys: [], connections: 2 }],
  queries: [{
    ...{
      verb: "REQ",
      client: "198.51.100.7",
      id: "feed",
      filters: "authors=200 limit=500",
      ageMs: 2_345,
    },
    waitsFor: "store",
  }],
  ended: [{
    ...{ verb: "COUNT", client: "192.0.2.1", filters: "kinds=1", ms: 4_200, agoMs: 900 },
    end: "timed-out",
  }],
  mirrors: [{
    ...{ url: "wss://other.example/", direction: "both", isConnected: false, waiting: 12 },
    ...{ hasMissed: true, behindS: 90, received: 0, sent: 0, refused: 0 },
  }],
};

const OPTIONS: ScreenOptions = {
  ...{ width: 130, height: 24, order: "events", grouping: "clients" },
  ...{ title: "gallimimus 1.0.0", help: "q quit", canBan: true },
};

Deno.test("the screen says what is wrong, the sums, what takes long, and who does most", () => {
  deepEqual(activityScreen(ACTIVITY, OPTIONS), [
    "gallimimus 1.0.0",
    "connections 21 of 1000 (+1.5 -0.5 /s)  subscriptions 44  memory 123 MB",
    "in/s   EVENT 120 (stored 2, known 0)  REQ 10  messages 130  52.0 kB",
    "out/s  stored 40  live 3  9.0 kB",
    "refused/s 118: rate-limited 110, invalid 8",
    "refused most: 198.51.100.7 118/s: rate-limited 110, invalid 8",
    "answers from memory 90 % now, 75 % since the start (5000 events)  99 of 100 REQs within 25 ms",
    "waiting  signature 0  write 3  query 1  delivery 0  database 2 of 7 busy, 1 waiting",
    "worker 1: 12 connections, 2 ms late",
    "worker 2: 9 connections, 7 ms late",
    "mirror wss://other.example/ both: AWAY, 90 s behind, in/s 0, out/s 0, refused/s 0, 12 wait, to be compared again",
    'slow 2.3 s  198.51.100.7 REQ "feed" authors=200 limit=500: the store is at it',
    "took 4.2 s  192.0.2.1 COUNT kinds=1: timed-out 0.9 s ago",
    "",
    "CLIENT                    CONN NEW/s *EVENT/s  REQ/s    IN/s   OUT/s  REF/s  REFUSED FOR, KEYS, AGENT",
    "198.51.100.7                20   1.5      120     10 52.0 kB     0 B    118  rate-limited 110, invalid 8  abababab  bot/1",
    "192.0.2.1                    1     0        0      0     0 B     0 B      0",
    "to ban the first: gallimimus ban 198.51.100.7",
    "q quit",
  ]);
});

Deno.test("clients stand in the order that was asked for", () => {
  const first = ORDERS.map((order) => {
    const lines = activityScreen(
      { ...ACTIVITY, clients: [FLOOD, { ...QUIET, connections: 30, sentBytes: 60_000 }] },
      { ...OPTIONS, order },
    );
    const at = lines.findIndex((line) => line.startsWith("CLIENT"));
    return [order, lines[at]!.match(/\*[A-Z]+/g)!.join(), lines[at + 1]!.split(" ")[0]];
  });
  deepEqual(first, [
    ["connections", "*CONN", "192.0.2.1"],
    ["events", "*EVENT", "198.51.100.7"],
    ["requests", "*REQ", "198.51.100.7"],
    ["bytes", "*IN,*OUT", "192.0.2.1"],
    ["refusals", "*REF", "198.51.100.7"],
  ]);
});

Deno.test("keys have a table of their own, and the command that bans one", () => {
  const lines = activityScreen(ACTIVITY, { ...OPTIONS, grouping: "keys" });
  ok(lines.some((line) => line.startsWith("ababababababababababa..")), lines.join("\n"));
  equal(lines.at(-2), `to ban the first: gallimimus ban --key ${"ab".repeat(32)}`);
  const nobody = activityScreen({ ...ACTIVITY, keys: [] }, { ...OPTIONS, grouping: "keys" });
  equal(nobody.at(-2), "no connection has authenticated");
});

Deno.test("what cannot be banned by its address is not said to be", () => {
  const ban = (client: Partial<ClientActivity>, canBan = true) =>
    activityScreen(
      { ...ACTIVITY, clients: [{ ...QUIET, ...client }] },
      { ...OPTIONS, canBan },
    ).at(-2);
  equal(
    ban({ client: "2001:db8::/64", address: "2001:db8::7" }),
    "to ban one address of the first: gallimimus ban 2001:db8::7",
  );
  match(
    ban({ client: "2001:db8::/64", address: undefined })!,
    /^2001:db8::\/64 is no single address/,
  );
  for (const near of ["unix", "127.0.0.1", "10.1.2.3"]) {
    // Behind a proxy that the relay does not know it is everybody's address.
    match(ban({ client: near, address: near })!, / is near: .*network\.trusted_proxies/);
  }
  match(ban({}, false)!, /keeps no bans/);
});

Deno.test("no size makes it longer or wider than the terminal, and the worst client stays longest", () => {
  for (const height of [0, 1, 5, 10, 18, 24, 100]) {
    for (const width of [1, 20, 80, 200]) {
      const lines = activityScreen(ACTIVITY, { ...OPTIONS, width, height });
      ok(lines.length <= height, `${lines.length} lines of ${height}`);
      ok(lines.every((line) => line.length <= width));
    }
  }
  const small = activityScreen(ACTIVITY, { ...OPTIONS, height: 16 });
  ok(small.some((line) => line.startsWith("198.51.100.7")), small.join("\n"));
});

Deno.test("what clients call themselves cannot drive the terminal", () => {
  const evil = "\x1b]0;owned\x07\x9b2J\r\n\u202eevil\u200b\ud800";
  const rows = [{ ...QUIET, agent: evil, client: evil, reasons: { [evil]: 1 } }];
  const lines = activityScreen({
    ...ACTIVITY,
    ...{ clients: rows, keys: rows, reasons: { [evil]: 1 } },
    queries: [{ ...ACTIVITY.queries[0]!, id: evil, filters: evil }],
    mirrors: [{ ...ACTIVITY.mirrors[0]!, url: evil }],
  }, { ...OPTIONS, height: Infinity, fault: evil });
  for (const line of lines) match(line, /^[\x20-\x7e]*$/);
  equal(plainText(evil, 12), "?]0;owned??2");
  match(plainText(evil, 100), /^[^\p{C}\p{Zl}\p{Zp}]+$/u);
});

Deno.test("what is wrong stands above the sums", () => {
  const lines = activityScreen({
    ...ACTIVITY,
    ...{ isWritingFailing: true, isFeedCurrent: false, queues: { write: 5_000 } },
    workers: [{ connections: 1, lagMs: 1_500 }],
  }, { ...OPTIONS, fault: "NO ANSWER FOR 4 s" });
  deepEqual(lines.slice(0, 2), [
    "gallimimus 1.0.0 | NO ANSWER FOR 4 s",
    "WRONG: events cannot be stored, other instances are not heard, a thread was held up for 1500 ms, 5000 wait in the queue write",
  ]);
  const slow = activityScreen({ ...ACTIVITY, slowestMs: 10_000 }, OPTIONS);
  match(slow.join("\n"), /1 of 100 REQs and more took ten seconds/);
  deepEqual(activityScreen(undefined, OPTIONS), ["gallimimus 1.0.0", "q quit"]);
});

Deno.test("threads add up: the sums, and the clients that several of them have", () => {
  const quiet = { ...QUIET, client: "192.0.2.9" };
  const sum = sumOfActivities([ACTIVITY, { ...ACTIVITY, clients: [FLOOD, quiet], mirrors: [] }]);
  equal(sum.connections, 42);
  equal(sum.workers.length, 4);
  equal(sum.memoryBytes, ACTIVITY.memoryBytes);
  deepEqual(sum.pool, { connections: 14, running: 4, waiting: 2 });
  deepEqual(sum.reasons, { invalid: 16, "rate-limited": 220 });
  const flood = sum.clients.find(({ client }) => client === FLOOD.client)!;
  deepEqual([flood.connections, flood.events, flood.reasons], [40, 240, {
    "rate-limited": 220,
    invalid: 16,
  }]);
  equal(sum.clients.length, 3);
  equal(sum.queries.length, 2);
  equal(sum.ended.length, 2);
  equal(sum.mirrors.length, 1);
});
