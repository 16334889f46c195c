import { equal, match } from "node:assert/strict";
import { mayTravel } from "../../src/websocket/close_code.ts";
import { type Fault, faults } from "../../src/websocket/fault.ts";

const all: readonly Fault[] = Object.values(faults);

Deno.test("every fault has a name of its own, in kebab case and after its key", () => {
  equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const [key, { name }] of Object.entries(faults)) {
    equal(
      name,
      key.replace(/[A-Z0-9]+/g, (part) => /\d/.test(part) ? part : `-${part.toLowerCase()}`),
    );
  }
});

Deno.test("every fault can be told to the peer: its code may travel, its sentence fits", () => {
  for (const { closeCode, sentence } of all) {
    equal(mayTravel(closeCode), true);
    equal(new TextEncoder().encode(sentence).length <= 123, true, sentence);
  }
});

Deno.test("every fault names the clause that it rests on", () => {
  for (const { clause } of all) match(clause, /^RFC (6455|7692) §\d+(\.\d+)*$/);
});
