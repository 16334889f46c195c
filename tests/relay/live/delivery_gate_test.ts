import { deepEqual, equal } from "node:assert/strict";
import { DeliveryGate } from "../../../src/relay/live/delivery_gate.ts";

const source = (client: string) => ({ client, connection: {} });

/** A gate, and who has been let in after waiting. */
function closedGate() {
  const state = { backlog: 1_000, entered: [] as string[] };
  const gate = new DeliveryGate(() => state.backlog);
  const enter = (name: string, from: ReturnType<typeof source>) =>
    void gate.enter(from)!.then(() => state.entered.push(name));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { state, gate, enter, settled };
}

Deno.test("nobody waits where few events are on their way", () => {
  equal(new DeliveryGate(() => 255).enter(source("a")), undefined);
});

Deno.test("those that wait are let in by turns of clients, as events are delivered", async () => {
  const { state, gate, enter, settled } = closedGate();
  const [busy, quiet] = [source("busy"), source("quiet")];
  for (const name of ["b1", "b2", "b3"]) enter(name, busy);
  enter("q1", quiet);
  gate.advance();
  await settled();
  deepEqual(state.entered, []);
  state.backlog = 254;
  gate.advance();
  await settled();
  deepEqual(state.entered, ["b1", "q1"], "there is room for two");
  gate.leave();
  await settled();
  deepEqual(state.entered, ["b1", "q1", "b2"], "whoever is refused makes room, too");
  state.backlog = 0;
  gate.advance();
  await settled();
  equal(state.entered.length, 4);
});

Deno.test("nobody overtakes those that wait", async () => {
  const { state, gate, enter, settled } = closedGate();
  const one = source("a");
  enter("first", one);
  state.backlog = 255;
  enter("second", one);
  gate.advance();
  await settled();
  deepEqual(state.entered, ["first"]);
});
