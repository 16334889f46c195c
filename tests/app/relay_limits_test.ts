import { deepEqual, equal, ok } from "node:assert/strict";
import { relayLimits, searchLimits } from "../../src/app/relay_limits.ts";
import { defaultSettings } from "../../src/app/settings/setting_list.ts";

/** What the sockets or the store are held to, and not the relay. */
const otherLimits: ReadonlySet<string> = new Set([
  // Those of policies.
  ...["key_event_rate", "key_event_burst", "kind_event_rates", "max_trusted_keys"],
  ...["client_event_rate", "client_event_burst", "client_req_rate", "client_req_burst"],
  ...["client_count_rate", "client_count_burst", "client_auth_rate", "client_auth_burst"],
  "trusted_rate_factor",
  ...["max_fetched_bytes", "max_memory_mb"],
  ...["max_message_bytes", "max_frame_bytes"],
  ...["message_rate", "message_burst", "byte_rate", "burst_bytes"],
  ...["initial_unread_bytes", "max_unread_bytes"],
]);

Deno.test("each bound is the setting of the same name", () => {
  const bounds: Readonly<Record<string, unknown>> = { ...relayLimits(defaultSettings) };
  for (const [key, value] of Object.entries(defaultSettings.limits)) {
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (name in bounds) equal(bounds[name], value, key);
    else ok(otherLimits.has(key), `${key} bounds nothing`);
  }
});

Deno.test("NIP50 search that is off has no limits", () => {
  equal(
    searchLimits({ ...defaultSettings, search: { ...defaultSettings.search, enabled: false } }),
    undefined,
  );
  // Of kind 4, nothing is found: it is private.
  const limits = searchLimits({
    ...defaultSettings,
    search: { ...defaultSettings.search, enabled: true, kinds: ["0", "4", "30023"], max_length: 9 },
  });
  deepEqual(limits, { kinds: new Set([0, 30_023]), maxLength: 9 });
});

Deno.test("seconds become milliseconds", () => {
  const bounds = relayLimits(defaultSettings);
  equal(bounds.pingIntervalMs, 30_000);
  equal(bounds.idleTimeoutMs, 60_000);
});
