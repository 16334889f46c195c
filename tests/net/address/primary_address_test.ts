import { equal } from "node:assert/strict";
import { parseIpAddress } from "../../../src/net/address/ip_address.ts";
import { primaryAddress } from "../../../src/net/address/primary_address.ts";

for (const version of [4, 6] as const) {
  Deno.test(`this machine's address for IPv${version} is of that version, or there is none`, () => {
    const address = primaryAddress(version);
    const parsed = address === undefined ? undefined : parseIpAddress(address);
    equal(parsed?.version, address === undefined ? undefined : version);
  });
}

Deno.test("an address that only this machine, or only one link, can use is not told", () => {
  const addresses = [
    { address: "127.0.0.1", internal: true },
    { address: "::1", internal: true },
    { address: "169.254.1.1", internal: false },
    { address: "fe80::1", internal: false },
    { address: "febf::1", internal: false },
  ];
  equal(primaryAddress(4, addresses), undefined);
  equal(primaryAddress(6, addresses), undefined);
});

Deno.test("of several the first is told", () => {
  const addresses = ["10.0.0.1", "192.0.2.1"].map((address) => ({ address, internal: false }));
  equal(primaryAddress(4, addresses), "10.0.0.1");
  equal(primaryAddress(4, []), undefined);
});
