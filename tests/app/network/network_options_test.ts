import { deepEqual, equal, throws } from "node:assert/strict";
import {
  admissionLimits,
  listenLimits,
  originRule,
  proxyOptions,
  unreadLimits,
} from "../../../src/app/network/network_options.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { parseIpAddress } from "../../../src/net/address/ip_address.ts";

function withSetting(name: string, value: string | number | readonly string[]) {
  return settingsWith(new Map([[`network.${name}`, value]]));
}

Deno.test("the bounds are those of the settings", () => {
  equal(listenLimits(withSetting("max_header_bytes", 2048)).maxHeaderBytes, 2048);
  const { perClient, maxTotal } = admissionLimits(withSetting("max_client_connections", 7));
  equal(perClient?.maxInside, 7);
  equal(maxTotal, 10_000);
});

Deno.test("a window starts no larger than it may become", () => {
  const settings = settingsWith(
    new Map([["limits.initial_unread_bytes", 100_000], ["limits.max_unread_bytes", 50_000]]),
  );
  deepEqual(unreadLimits(settings), { initialBytes: 50_000, maxBytes: 50_000 });
});

Deno.test("by default this machine's own clients are not counted one by one, and no proxy is trusted", () => {
  const settings = settingsWith(new Map());
  const { exempt } = admissionLimits(settings).perClient!;
  equal(exempt.contains(parseIpAddress("127.0.0.1")!), true);
  equal(exempt.contains(parseIpAddress("::1")!), true);
  equal(exempt.contains(parseIpAddress("192.0.2.1")!), false);
  equal(proxyOptions(settings).proxyProtocol, undefined);
  equal(proxyOptions(settings).forwarded, undefined);
});

Deno.test("proxies are trusted by network, and by Unix socket when that is said", () => {
  const { forwarded } = proxyOptions(withSetting("trusted_proxies", ["10.0.0.0/8", "unix"]));
  equal(forwarded?.proxies.contains(parseIpAddress("10.1.2.3")!), true);
  equal(forwarded?.unixIsProxy, true);
  const { proxyProtocol } = proxyOptions(withSetting("proxy_protocol_from", ["10.0.0.0/8"]));
  equal(proxyProtocol?.unix, false);
});

Deno.test("a network that is none is named together with its setting", () => {
  throws(() => proxyOptions(withSetting("trusted_proxies", ["10.0.0.1/8"])), {
    name: "UnusableSetting",
    message: /^network\.trusted_proxies: 10\.0\.0\.1\/8 /,
  });
});

Deno.test("RFC 6455 §10.2: an allow-list keeps other pages out and lets programs in", () => {
  const allows = originRule(["https://client.example", "http://localhost:3000"])!;
  equal(allows("https://client.example"), true);
  equal(allows("http://localhost:3000"), true);
  for (const other of ["https://client.example.evil.example", "http://client.example", "null"]) {
    equal(allows(other), false);
  }
  equal(allows(undefined), true);
});
