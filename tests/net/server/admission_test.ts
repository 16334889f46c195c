import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import {
  Admission,
  type AdmissionLimits,
  createGates,
  updateGates,
} from "../../../src/net/server/admission.ts";
import { networkList, parseNetwork } from "../../../src/net/address/network.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

const loopback = parseNetwork("127.0.0.0/8");
if (loopback.type === "fault") throw new Error(loopback.sentence);

const limits: AdmissionLimits = {
  maxTotal: 5,
  perClient: {
    maxInside: 2,
    rate: { perSecond: 1, burst: 3 },
    prefix: { ipv4Bits: 32, ipv6Bits: 64 },
    exempt: networkList([loopback]),
  },
};

Deno.test("one client gets so many places and no more, and gets them back", () => {
  const admission = new Admission(limits, new FakeClock());
  equal(admission.enter("192.0.2.1"), undefined);
  equal(admission.enter("192.0.2.1"), undefined);
  equal(admission.enter("192.0.2.1"), "per-client");
  equal(admission.enter("192.0.2.2"), undefined, "another client is another client");
  admission.leave("192.0.2.1");
  equal(admission.enter("192.0.2.1"), undefined);
  equal(admission.total, 3);
});

Deno.test("all addresses of an IPv6 /64 are one client, and a mapped address is its IPv4 one", () => {
  const admission = new Admission(limits, new FakeClock());
  equal(admission.enter("2001:db8::1"), undefined);
  equal(admission.enter("2001:db8::ffff:1"), undefined);
  equal(admission.enter("2001:db8::2:3:4"), "per-client");
  equal(admission.enter("2001:db8:0:1::1"), undefined);
  equal(admission.enter("192.0.2.1"), undefined);
  equal(admission.enter("::ffff:192.0.2.1"), undefined);
  admission.leave("2001:db8::1");
  equal(admission.enter("192.0.2.1"), "per-client");
});

Deno.test("a client that comes too fast waits its time", () => {
  const clock = new FakeClock();
  const admission = new Admission(limits, clock);
  for (let at = 0; at < 3; at++) {
    equal(admission.enter("192.0.2.1"), undefined);
    admission.leave("192.0.2.1");
  }
  equal(admission.enter("192.0.2.1"), "rate");
  clock.advance(1000);
  equal(admission.enter("192.0.2.1"), undefined);
});

Deno.test("the total bounds everybody, and who is refused takes no place", () => {
  const admission = new Admission(limits, new FakeClock());
  for (let at = 1; at <= 5; at++) equal(admission.enter(`192.0.2.${at}`), undefined);
  equal(admission.enter("192.0.2.6"), "total");
  equal(admission.enter("unix"), "total");
  equal(admission.total, 5);
});

Deno.test("who is exempt, and who has no address, counts in the total alone", () => {
  const admission = new Admission(limits, new FakeClock());
  deepEqual(
    ["127.0.0.1", "127.0.0.1", "127.0.0.1", "unix", "unix"].map((a) => admission.enter(a)),
    [
      ...new Array(5).fill(undefined),
    ],
  );
  equal(admission.enter("127.0.0.1"), "total");
  equal(admission.clientCount, 0);
});

Deno.test("however many clients come and go, the memory of them is bounded", () => {
  const admission = new Admission({ ...limits, maxTotal: 10 }, new FakeClock());
  equal(admission.enter("192.0.2.1"), undefined);
  for (let at = 0; at < 70_000; at++) {
    const address = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    equal(admission.enter(address), undefined);
    admission.leave(address);
  }
  equal(admission.clientCount <= 65_540, true);
  equal(admission.enter("192.0.2.1"), undefined);
  equal(admission.enter("192.0.2.1"), "per-client", "who is inside is not forgotten");
});

Deno.test("whatever the order of coming and going, nobody inside is miscounted", () => {
  const moves = fc.array(fc.record({ who: fc.nat(3), leaves: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(moves, (list) => {
    const admission = new Admission(limits, new FakeClock());
    const inside = [0, 0, 0, 0];
    for (const { who, leaves } of list) {
      const address = `192.0.2.${who}`;
      if (!leaves) {
        if (admission.enter(address) === undefined) inside[who]!++;
      } else if (inside[who]! > 0) {
        admission.leave(address);
        inside[who]!--;
      }
      equal(inside.every((count) => count <= 2), true);
      equal(admission.total, inside.reduce((sum, count) => sum + count));
    }
  }));
});

Deno.test("there are more sockets than connections, so that who is refused hears it", () => {
  const gates = createGates(limits, new FakeClock());
  for (let at = 0; at < 2; at++) {
    equal(gates.sockets.enter("192.0.2.1"), undefined);
    equal(gates.connections.enter("192.0.2.1"), undefined);
  }
  equal(gates.sockets.enter("192.0.2.1"), undefined);
  equal(gates.connections.enter("192.0.2.1"), "per-client");
  for (let at = 3; at < 8; at++) equal(gates.sockets.enter("192.0.2.1"), undefined);
  equal(gates.sockets.enter("192.0.2.1"), "per-client", "a flood hears nothing");
});

Deno.test("new numbers hold for clients that are known, and nobody is counted twice", () => {
  const clock = new FakeClock();
  const admission = new Admission(limits, clock);
  const perClient = limits.perClient!;
  for (let at = 0; at < 2; at++) equal(admission.enter("192.0.2.1"), undefined);
  admission.update({ maxTotal: 5, perClient: { ...perClient, maxInside: 1 } });
  equal(admission.enter("192.0.2.1"), "per-client");
  admission.leave("192.0.2.1");
  equal(admission.enter("192.0.2.1"), "per-client");
  admission.leave("192.0.2.1");
  equal(admission.enter("192.0.2.1"), undefined);
  equal(admission.total, 1);
  admission.update({ maxTotal: 1, perClient: { ...perClient, maxInside: 9 } });
  equal(admission.enter("192.0.2.2"), "total");
  admission.update({ ...limits, perClient: { ...perClient, maxInside: 9 } });
  equal(admission.enter("192.0.2.1"), "rate", "what was used up stays used up");
  const faster = { perSecond: 10, burst: 3 };
  admission.update({ ...limits, perClient: { ...perClient, maxInside: 9, rate: faster } });
  clock.advance(100);
  equal(admission.enter("192.0.2.1"), undefined);
  equal(admission.enter("192.0.2.1"), "rate");
});

Deno.test("new numbers hold at all gates", () => {
  const clock = new FakeClock();
  const perClient = limits.perClient!;
  const gates = createGates({ ...limits, requestRate: { perSecond: 1, burst: 5 } }, clock);
  updateGates(gates, {
    maxTotal: 1,
    perClient: { ...perClient, rate: { perSecond: 1, burst: 1 } },
    requestRate: { perSecond: 1, burst: 1 },
  });
  const outcomes = (enter: (address: string) => string | undefined) =>
    Array.from({ length: 5 }, () => enter("192.0.2.1"));
  deepEqual(outcomes((address) => gates.requests.pass(address)), [
    undefined,
    ...Array(4).fill("rate"),
  ]);
  deepEqual(outcomes((address) => gates.connections.enter(address)), [
    undefined,
    ...Array(4).fill("total"),
  ]);
  deepEqual(outcomes((address) => gates.sockets.pass(address)), [
    ...Array(4).fill(undefined),
    "rate",
  ]);
});
