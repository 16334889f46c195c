import { deepEqual, equal, rejects } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { QueryGate } from "../../src/store/query_gate.ts";

const long = { isShort: false };
const short = { isShort: true };

Deno.test("long queries never take what is kept for short ones", async () => {
  const gate = new QueryGate({ connections: 4, reserved: 2 });
  const entered: string[] = [];
  const enter = (name: string, visitor: typeof long) =>
    void gate.enter(visitor).then(() => entered.push(name));
  for (const name of ["l1", "l2", "l3", "l4"]) enter(name, long);
  await turn();
  for (const name of ["s1", "s2", "s3"]) enter(name, short);
  await turn();
  deepEqual(entered, ["l1", "l2", "s1", "s2"]);
  deepEqual([gate.figures.running, gate.figures.waiting], [4, 3]);
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
  equal(gate.figures.running, 3);
});

Deno.test("who gives up at either door leaves no place taken", async () => {
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
  deepEqual([gate.figures.running, gate.figures.waiting], [2, 0]);
});
