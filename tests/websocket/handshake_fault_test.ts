import { equal, match } from "node:assert/strict";
import { type HandshakeFault, handshakeFaults } from "../../src/websocket/handshake_fault.ts";

const all: readonly HandshakeFault[] = Object.values(handshakeFaults);

Deno.test("every fault of a handshake has a name of its own, in kebab case and after its key", () => {
  equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const [key, { name }] of Object.entries(handshakeFaults)) {
    equal(name, key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  }
});

Deno.test("every fault of a handshake names the clause that it rests on", () => {
  for (const { clause } of all) match(clause, /^RFC (6455|7692|9112) §\d+(\.\d+)*$/);
});
