import { equal } from "node:assert/strict";
import { relayLimits } from "../../src/app/relay_limits.ts";
import { defaultSettings } from "../../src/app/setting_list.ts";

Deno.test("each bound is the setting of the same name", () => {
  const bounds: Record<string, number> = { ...relayLimits(defaultSettings) };
  for (const [key, value] of Object.entries(defaultSettings.limits)) {
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (name in bounds) equal(bounds[name], value, key);
    else equal(key, "max_message_bytes", "only the transport's own limit is left out");
  }
});

Deno.test("seconds become milliseconds", () => {
  const bounds = relayLimits(defaultSettings);
  equal(bounds.pingIntervalMs, 30_000);
  equal(bounds.idleTimeoutMs, 60_000);
});
