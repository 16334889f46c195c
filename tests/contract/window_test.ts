import { silentLog } from "../../src/base/log.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { type StoreClock, timeless } from "../../src/store/store_clock.ts";
import { WindowStore } from "../../src/store/window/window_store.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { testEventStore } from "./event_store_contract.ts";
import { testSearchAndCount } from "./search_contract.ts";
import { testTidying } from "./tidying_contract.ts";

/** Evicting all the time, and holding all there is. */
const sizes = { tiny: 60_000, large: 100 * 1_048_576 };

for (const [size, maxBytes] of Object.entries(sizes)) {
  const windowed = async (inner: TidyStore, clock: StoreClock = timeless): Promise<TidyStore> => {
    const store = new WindowStore(inner, { maxBytes, clock });
    await store.feed.start({ clock: new FakeClock(), log: silentLog });
    return store;
  };

  testEventStore({
    name: `${size} window over memory`,
    place: () =>
      Promise.resolve({
        open: () => windowed(new MemoryStore()),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    keeps: false,
    shares: false,
  });

  testSearchAndCount(`${size} window over memory`, () => windowed(new MemoryStore()));

  testTidying(`${size} window over memory`, (clock) => windowed(new MemoryStore(clock), clock));
}
