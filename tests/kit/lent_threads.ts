/**
 * Stores that are lent through ports, as to the threads of a relay, within one thread.
 *
 * @module
 */

import { silentLog } from "../../src/base/log.ts";
import { StoreServer } from "../../src/app/workers/store_server.ts";
import { ThreadStore } from "../../src/app/workers/thread_store.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { FakeClock } from "./fake_clock.ts";

/** So many stores that ask the same one. The last that is closed closes it. */
export async function lentTo(count: number, inner: TidyStore): Promise<readonly ThreadStore[]> {
  const server = await StoreServer.start(inner, { clock: new FakeClock(), log: silentLog });
  let open = count;
  return Array.from({ length: count }, () => {
    const seat = server.connect();
    const store = new ThreadStore(seat.access);
    let closing: Promise<void> | undefined;
    const end = async () => {
      await ThreadStore.prototype.close.call(store);
      server.disconnect(seat);
      if (--open === 0) await server.close();
    };
    return Object.assign(store, { close: () => closing ??= end() });
  });
}
