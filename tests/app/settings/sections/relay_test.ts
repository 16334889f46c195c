import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { relaySection } from "../../../../src/app/settings/sections/relay.ts";

const cases: readonly [keyof typeof relaySection.settings, unknown, boolean][] = [
  ["name", "Flock", true],
  ["name", 5, false],
  ["icon", "https://example.com/a.png", true],
  ["icon", "", true],
  ["icon", "a.png", false],
  ["icon", "javascript:alert(1)", false],
  ["banner", "http://example.com", true],
  ["terms_of_service", "ftp://example.com", false],
  ["pubkey", "ab".repeat(32), true],
  ["pubkey", "AB".repeat(32), false],
  ["pubkey", "ab".repeat(31), false],
  ["pubkey", "npub1xyz", false],
  ["pubkey", "", true],
  ["contact", "mailto:a@example.com", true],
  ["contact", "someone", false],
  ["url", "wss://relay.example.com/", true],
  ["url", "ws://localhost:8080", true],
  ["url", "https://relay.example.com", false],
  ["url", "wss://", false],
  ["url", "", true],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(relaySection.settings[key], value), taken);
  });
}
