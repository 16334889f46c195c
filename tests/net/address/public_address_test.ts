import { deepEqual } from "node:assert/strict";
import { isFarAddress, isPublicAddress } from "../../../src/net/address/public_address.ts";

Deno.test("RFC 6890: addresses of this machine and of networks near it are not public", () => {
  const near = [
    ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255"],
    ...["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1"],
    ...["192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"],
    ...["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
    "168.63.129.16",
    ...["::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fc00::1", "fd00::1"],
    ...["fe80::1", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1"],
    ...["64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "5f00::1"],
  ];
  deepEqual(near.filter(isPublicAddress), []);
});

Deno.test("addresses around them are public", () => {
  const far = [
    ...["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
    ...["169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255"],
    ...["2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2001:200::1"],
  ];
  deepEqual(far.filter((text) => !isPublicAddress(text)), []);
});

Deno.test("what is no address is not public", () => {
  for (const text of ["", "localhost", "127.1", "0x7f000001", "1.1.1.1:80", "[::1]"]) {
    deepEqual([text, isPublicAddress(text)], [text, false]);
  }
});

Deno.test("a public address of this machine is near, and the IPv6 network around it", () => {
  const interfaces = [
    { address: "1.1.1.1", internal: false, cidr: "1.1.1.1/20" },
    { address: "2606:4700::1", internal: false, cidr: "2606:4700::1/64" },
    { address: "2a00:1450::1", internal: false, cidr: null },
    { address: "fe80::1%eth0", internal: false, cidr: "fe80::1/64" },
  ];
  const isFar = (text: string) => isFarAddress(text, interfaces);
  const near = ["1.1.1.1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700::1", "2606:4700::2"];
  deepEqual([...near, "2a00:1450::1", "10.0.0.1", "junk"].filter(isFar), []);
  const far = ["1.1.1.2", "2606:4700:0:1::1", "2a00:1450::2"];
  deepEqual(far.filter(isFar), far);
});
