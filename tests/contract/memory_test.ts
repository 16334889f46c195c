import { MemoryStore } from "../../src/store/memory.ts";
import { testEventStore } from "./event_store_contract.ts";
import { testSearchAndCount } from "./search_contract.ts";
import { testTidying } from "./tidying_contract.ts";

testEventStore({
  name: "memory",
  place: () =>
    Promise.resolve({
      open: () => Promise.resolve(new MemoryStore()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  // It forgets, and nobody else can see into it.
  keeps: false,
  shares: false,
});

testSearchAndCount("memory", () => Promise.resolve(new MemoryStore()));

testTidying("memory", (clock) => Promise.resolve(new MemoryStore(clock)));
