import { deepEqual, throws } from "node:assert/strict";
import { BrokenInvariant } from "../../src/base/assert.ts";
import {
  nextState,
  type ProtocolState,
  type ProtocolStep,
} from "../../src/websocket/protocol_state.ts";

const states: readonly ProtocolState[] = ["open", "closing", "closed"];
const steps: readonly ProtocolStep[] = ["close sent", "close received", "fault", "end of input"];

function follow(state: ProtocolState, step: ProtocolStep): ProtocolState | "never" {
  try {
    return nextState(state, step);
  } catch (error) {
    if (error instanceof BrokenInvariant) return "never";
    throw error;
  }
}

Deno.test("RFC 6455 §7.1: the whole table", () => {
  const table = Object.fromEntries(
    states.map((state) => [state, steps.map((step) => follow(state, step))]),
  );
  deepEqual(table, {
    open: ["closing", "closed", "closed", "closed"],
    closing: ["never", "closed", "closed", "closed"],
    closed: ["never", "never", "never", "closed"],
  });
});

Deno.test("a step that cannot happen is our own bug", () => {
  throws(() => nextState("closed", "fault"), BrokenInvariant);
});
