import { deepEqual, doesNotThrow, equal, throws } from "node:assert/strict";
import {
  checkWorkers,
  connectionsOfWorkers,
  workerSettings,
} from "../../../src/app/workers/worker_settings.ts";
import { type Settings, settingsWith } from "../../../src/app/settings/setting_list.ts";
import type { SettingValue } from "../../../src/app/settings/setting.ts";

const SERVER = "postgres://localhost/events";

function settingsOf(values: Readonly<Record<string, SettingValue>> = {}): Settings {
  return settingsWith(
    new Map(Object.entries({ "network.workers": 2, "database.url": SERVER, ...values })),
  );
}

const unusable: readonly [Readonly<Record<string, SettingValue>>, RegExp][] = [
  [{ "network.listen": ["127.0.0.1:1", "unix:/run/relay"] }, /TCP addresses/],
  [{ "network.listen": ["tls:unix:/run/relay"] }, /TCP addresses/],
];

for (const [values, sentence] of unusable) {
  Deno.test(`several threads cannot serve with ${JSON.stringify(values)}`, () => {
    throws(() => checkWorkers(settingsOf(values), "linux"), sentence);
  });
}

Deno.test("several threads serve on Linux alone", () => {
  doesNotThrow(() => checkWorkers(settingsOf(), "linux"));
  throws(() => checkWorkers(settingsOf(), "darwin"), /Linux/);
});

Deno.test("what the process may have is divided, and nothing becomes none", () => {
  const { network, database, cache, limits, signatures, log } = workerSettings(
    settingsOf({
      "network.workers": 4,
      "database.pool_size": 40,
      "cache.max_mib": 64,
      "limits.max_memory_mb": 1_000,
      "limits.max_total_filter_values": 1_000,
    }),
    "postgres://localhost/own",
    8,
  );
  equal(network.reuse_port, true);
  deepEqual([database.pool_size, database.url], [10, "postgres://localhost/own"]);
  deepEqual([cache.max_mib, limits.max_memory_mb, signatures.workers], [16, 250, 1]);
  equal(log.connection_lines, 15);
  deepEqual([limits.max_total_filter_values, limits.max_fetched_bytes], [250, 16_777_216]);
});

Deno.test("a window that is off stays off, and each thread has connections enough", () => {
  const settings = settingsOf({ "cache.max_mib": 0, "signatures.workers": 0 });
  const { cache, database, signatures } = workerSettings(settings, SERVER, 2);
  deepEqual([cache.max_mib, database.pool_size, signatures.workers], [0, 5, 0]);
  // Ten of the main thread, and of each of the others five and one that listens.
  equal(connectionsOfWorkers(settings), 10 + 2 * 6);
  equal(connectionsOfWorkers(settingsOf({ "network.workers": 8 })), 10 + 8 * 6);
});
