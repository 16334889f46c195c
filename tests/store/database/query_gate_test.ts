import { deepEqual, equal, rejects } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { QueryGate } from "../../../src/store/database/query_gate.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

const long = { isShort: false };
const short = { isShort: true };

Deno.test("long queries never take the connections reserved for short ones", async () => {
  const gate = new QueryGate({ connections: 4, reserved: 2 });
  const entered: string[] = [];
  const enter = (name: string, visitor: typeof long) =>
    void gate.enter(visitor).then(() => entered.push(name));
  for (const name of ["l1", "l2", "l3", "l4"]) enter(name, long);
  await turn();
  for (const name of ["s1", "s2", "s3"]) enter(name, short);
  await turn();
  deepEqual(entered, ["l1", "l2", "s1", "s2"]);
  deepEqual([gate.stats.running, gate.stats.waiting], [4, 3]);
  gate.leave(long);
  await turn();
  deepEqual(entered.slice(4), ["s3"], "who came first to the last door goes first");
  gate.leave(short);
  await turn();
  deepEqual(entered.slice(5), ["l3"]);
});

Deno.test("short queries may take all connections", async () => {
  const gate = new QueryGate({ connections: 3, reserved: 1 });
  for (let n = 0; n < 3; n++) await gate.enter(short);
  equal(gate.stats.running, 3);
});

Deno.test("an aborted wait leaves no connection taken", async () => {
  const gate = new QueryGate({ connections: 2, reserved: 1 });
  await gate.enter(long);
  const first = new AbortController();
  const atFirstDoor = gate.enter({ ...long, signal: first.signal });
  first.abort(new Error("closed"));
  await rejects(atFirstDoor, { message: "closed" });
  await gate.enter(short);
  gate.leave(long);
  await gate.enter(short);
  const second = new AbortController();
  const atSecondDoor = gate.enter({ ...long, signal: second.signal });
  second.abort(new Error("gone"));
  await rejects(atSecondDoor, { message: "gone" });
  gate.leave(short);
  await gate.enter(long);
  deepEqual([gate.stats.running, gate.stats.waiting], [2, 0]);
});

/** A gate with one connection, which is taken, and a clock. */
async function busyGate() {
  const clock = new FakeClock();
  const gate = new QueryGate({ connections: 1, reserved: 0, clock });
  const first = { isShort: false, source: { client: "busy", connection: {} } };
  await gate.enter(first);
  return { clock, gate, first };
}

Deno.test("a free connection goes to the client that has used the least lately", async () => {
  const { clock, gate, first } = await busyGate();
  const entered: string[] = [];
  const visit = (client: string) => {
    const visitor = { isShort: false, source: { client, connection: {} } };
    void gate.enter(visitor).then(() => entered.push(client));
    return visitor;
  };
  for (let n = 0; n < 1_000; n++) visit("busy");
  const quiet = visit("quiet");
  clock.advance(1_000);
  gate.leave(first);
  await turn();
  deepEqual(entered, ["quiet"]);
  clock.advance(10);
  gate.leave(quiet);
  await turn();
  deepEqual(entered, ["quiet", "busy"]);
});

Deno.test("among the connections of a client the one that has used the least goes first", async () => {
  const { clock, gate, first } = await busyGate();
  const entered: string[] = [];
  const again = { isShort: false, source: first.source };
  const other = { isShort: false, source: { client: "busy", connection: {} } };
  void gate.enter(again).then(() => entered.push("again"));
  void gate.enter(other).then(() => entered.push("other"));
  clock.advance(100);
  gate.leave(first);
  await turn();
  deepEqual(entered, ["other"]);
});

Deno.test("old use is forgotten, and an aborted query counts nothing", async () => {
  const { clock, gate, first } = await busyGate();
  clock.advance(1_000);
  const left = new AbortController();
  const gone = gate.enter({ ...first, signal: left.signal }).catch(() => "gone");
  left.abort();
  equal(await gone, "gone");
  gate.leave(first);
  clock.advance(600_000);
  const entered: string[] = [];
  const holder = { isShort: false, source: { client: "holder", connection: {} } };
  await gate.enter(holder);
  const busy = { isShort: false, source: first.source };
  const late = { isShort: false, source: { client: "holder", connection: {} } };
  void gate.enter(late).then(() => entered.push("holder"));
  void gate.enter(busy).then(() => entered.push("busy"));
  clock.advance(50);
  gate.leave(holder);
  await turn();
  deepEqual(entered, ["busy"]);
});

Deno.test("however many clients wait with long queries, a short one gets a reserved connection", async () => {
  const gate = new QueryGate({ connections: 4, reserved: 2 });
  const visitor = (n: number, isShort: boolean) => ({
    isShort,
    source: { client: `client ${n}`, connection: {} },
  });
  for (let n = 0; n < 200; n++) void gate.enter(visitor(n, false));
  await turn();
  let isIn = false;
  void gate.enter(visitor(1_000, true)).then(() => isIn = true);
  await turn();
  equal(isIn, true);
});

Deno.test("in a long queue of clients that used much, one that used nothing is found soon", async () => {
  const { clock, gate, first } = await busyGate();
  const entered: string[] = [];
  const enter = (client: string) => {
    const visitor = { isShort: false, source: { client, connection: {} } };
    void gate.enter(visitor).then(() => entered.push(client));
    return visitor;
  };
  // Everybody has used a second.
  gate.leave(first);
  for (let n = 0; n < 500; n++) {
    const visitor = { isShort: false, source: { client: `${n}`, connection: {} } };
    await gate.enter(visitor);
    clock.advance(1);
    gate.leave(visitor);
  }
  await gate.enter(first);
  const visitors = new Map(Array.from({ length: 500 }, (_, n) => [`${n}`, enter(`${n}`)]));
  visitors.set("quiet", enter("quiet"));
  gate.leave(first);
  await turn();
  for (let left = 20; !entered.includes("quiet") && left > 0; left--) {
    clock.advance(1);
    gate.leave(visitors.get(entered.at(-1)!)!);
    await turn();
  }
  equal(entered.includes("quiet"), true, `${entered.length} went before`);
});
