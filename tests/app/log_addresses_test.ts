import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { type AddressStyle, shownAddress } from "../../src/app/log_addresses.ts";

const secret = new Uint8Array(32).fill(1);

const rows: readonly [string, string, string | undefined][] = [
  ["192.0.2.77", "192.0.2.0/24", "hash"],
  ["::ffff:192.0.2.77", "192.0.2.0/24", "hash"],
  ["2001:db8:1:2:3::4", "2001:db8:1::/48", "hash"],
  ["2001:db8:1:2::/64", "2001:db8:1::/48", "hash"],
  ["fe80::1%eth0", "fe80::/48", "hash"],
  ["unix", "unix", "unix"],
];

for (const [address, network, hash] of rows) {
  Deno.test(`${address} is shortened, hashed and left out`, () => {
    const shown = (addresses: AddressStyle) => shownAddress(address, { addresses, secret });
    equal(shown("full"), address);
    equal(shown("network"), network);
    if (hash === "hash") match(shown("hashed") ?? "", /^[0-9a-f]{12}$/);
    else equal(shown("hashed"), hash);
    equal(shown("none"), hash === "hash" ? undefined : hash);
  });
}

Deno.test("what is no address is left out, so that nothing slips through in another form", () => {
  for (const addresses of ["network", "hashed", "none"] as const) {
    equal(shownAddress("192.0.2.1:80", { addresses, secret }), undefined);
  }
});

Deno.test("a hash tells clients apart, holds for all addresses of one, and depends on the secret", () => {
  const hash = (address: string, of = secret) =>
    shownAddress(address, { addresses: "hashed", secret: of });
  deepEqual(
    ["2001:db8:1:2::1", "2001:db8:1:2:9::", "2001:db8:1:2::/64"].map((address) => hash(address)),
    Array(3).fill(hash("2001:db8:1:2::5")),
  );
  equal(hash("192.0.2.1"), hash("192.0.2.1/32"));
  notEqual(hash("192.0.2.1"), hash("192.0.2.2"));
  notEqual(hash("192.0.2.1"), hash("192.0.2.1", new Uint8Array(32)));
});
