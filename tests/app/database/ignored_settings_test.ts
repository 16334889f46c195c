import { deepEqual } from "node:assert/strict";
import { ignoredSettings } from "../../../src/app/database/ignored_settings.ts";
import { settingByName, settingsWith } from "../../../src/app/settings/setting_list.ts";

/** The settings without effect of all that there are. */
function ignored(url: string, values: Readonly<Record<string, number>> = {}) {
  const settings = settingsWith(new Map(Object.entries(values)));
  return ignoredSettings(settings, url, settingByName.keys()).map(({ name }) => name);
}

Deno.test("each database ignores what is for others", () => {
  const embedded = ["shared_buffers_mb", "min_free_mib"];
  const server = ["direct_url", "read_url", "max_replica_lag_ms", "start_wait_s"];
  const all = (...keys: string[]) => keys.map((key) => `database.${key}`);
  deepEqual(ignored("memory:"), [
    ...all("direct_url", "read_url", "max_replica_lag_ms", "pool_size"),
    ...all("shared_buffers_mb", "min_free_mib", "start_wait_s"),
    ...["limits.max_fetched_bytes", "sync.slice_events", "sync.slices"],
  ]);
  deepEqual(
    ignored("pglite:data"),
    all("direct_url", "read_url", "max_replica_lag_ms", "pool_size", "start_wait_s"),
  );
  deepEqual(ignored("managed:data"), all(...server));
  deepEqual(ignored("postgres://db/events"), all(...embedded));
  deepEqual(ignored("postgresql://db/events"), all(...embedded));
});

Deno.test("with retention on a server's database no memory is taken for events", () => {
  const values = { "retention.max_age_days": 5 };
  deepEqual(ignored("postgres://db/events", values)[2], "cache.max_mib");
  deepEqual(ignored("managed:data", values), ignored("managed:data"));
});

Deno.test("what was not given is not told", () => {
  deepEqual(ignoredSettings(settingsWith(new Map()), "memory:", ["limits.max_limit"]), []);
});
