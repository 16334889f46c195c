import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { tlsSection } from "../../../../src/app/settings/sections/tls.ts";

const cases: readonly [keyof typeof tlsSection.settings, unknown, boolean][] = [
  ["certificate_files", [], true],
  ["certificate_files", ["/etc/relay/a.pem", "b.pem"], true],
  ["certificate_files", [""], false],
  ["key_files", "a.pem", false],
  ["client_authorities_file", "", true],
  ["client_certificates", "required", true],
  ["client_certificates", "never", false],
  ["reload_check_s", 0, false],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(tlsSection.settings[key], value), taken);
  });
}
