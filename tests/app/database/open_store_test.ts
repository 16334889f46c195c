import { deepEqual, ok, rejects } from "node:assert/strict";
import { openStore } from "../../../src/app/database/open_store.ts";
import { defaultSettings } from "../../../src/app/settings/setting_list.ts";
import { silentLog } from "../../../src/base/log.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";

/** Settings with another database. */
function withUrl(url: string) {
  return { ...defaultSettings, database: { ...defaultSettings.database, url } };
}

Deno.test("memory: is a store that begins empty", async () => {
  const store = await openStore(withUrl("memory:"), silentLog);
  deepEqual(await Array.fromAsync(store.query([{ tags: new Map() }])), []);
  await store.close();
});

Deno.test("what cannot be opened is named without its password", async () => {
  const opening = openStore(withUrl("postgres://relay:secret@127.0.0.1:1/none"), silentLog);
  await rejects(opening, (error) => {
    ok(error instanceof StoreUnavailable);
    ok(!error.message.includes("secret"), error.message);
    return true;
  });
});
