/**
 * A store whose connection to the server can fail.
 *
 * @module
 */

import { systemClock } from "../../src/app/system/system_clock.ts";
import { portableHashText } from "../../src/nostr/event_id.ts";
import type { ListeningDatabase } from "../../src/store/database/database.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { openStoreOn } from "./database.ts";
import type { SharedServer } from "./each_server.ts";
import { TcpProxy } from "./tcp_proxy.ts";

/** A store behind a proxy, with the schema created beforehand. */
export async function withProxy(
  server: SharedServer,
  work: (store: SqlStore, proxy: TcpProxy, database: ListeningDatabase) => Promise<void>,
): Promise<void> {
  const url = new URL(await server.freshDatabase());
  await (await openStoreOn(openPostgres(url.href))).close();
  await using proxy = new TcpProxy(Number(url.port));
  url.port = String(proxy.port);
  const database = openPostgres(url.href, {
    ...{ readConnections: 2, writeConnections: 2, readTimeoutMs: 300, writeTimeoutMs: 900 },
    clock: systemClock,
  });
  const store = new SqlStore(database, portableHashText, { clock: systemClock });
  try {
    await work(store, proxy, database);
  } finally {
    await store.close();
  }
}
