import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { networkSection } from "../../../../src/app/settings/sections/network.ts";

const cases: readonly [keyof typeof networkSection.settings, unknown, boolean][] = [
  ["listen", ["127.0.0.1:8080"], true],
  ["listen", ["[::1]:0", "localhost:1"], true],
  ["listen", ["unix:/run/relay.sock"], true],
  ["listen", ["0.0.0.0"], false],
  ["listen", ["8080"], false],
  ["listen", ["::1:80"], false],
  ["listen", ["unix:"], false],
  ["listen", ["a:b"], false],
  ["listen", [], false],
  ["listen", ["a:70000"], false],
  ["listen", ["tls:0.0.0.0:443", "tls:[::]:443"], true],
  ["listen", ["tls:"], false],
  ["socket_mode", "0660", true],
  ["socket_mode", "660", true],
  ["socket_mode", "rw", false],
  ["trusted_proxies", ["10.0.0.0/8", "2001:db8::/32", "unix"], true],
  ["trusted_proxies", ["everybody"], false],
  ["unlimited_clients", ["unix"], false],
  ["path", "/", true],
  ["path", "/nostr", true],
  ["path", "nostr", false],
  ["path", "/a?b", false],
  ["path", "", false],
  ["ping_interval_s", 0, false],
  ["ping_interval_s", 1, true],
  ["max_connections", 0, false],
  ["compression", false, true],
  ["compression", "no", false],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(networkSection.settings[key], value), taken);
  });
}
