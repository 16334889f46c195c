import { deepEqual, equal, rejects } from "node:assert/strict";
import { DatagramSocket } from "../../src/net/datagram.ts";
import { FakeClock } from "../kit/fake_clock.ts";

Deno.test("messages arrive whole, with where they come from", async () => {
  const clock = new FakeClock();
  const one = await DatagramSocket.open("127.0.0.1", clock);
  const other = await DatagramSocket.open("127.0.0.1", clock);
  const received = other.receive();
  await one.send(Uint8Array.of(1, 2, 3), other.local);
  const { bytes, address, port } = await received;
  deepEqual([...bytes], [1, 2, 3]);
  deepEqual({ address, port }, one.local);
  equal(clock.timerCount, 0);
  await one.close();
  await other.close();
});

Deno.test("of more messages than may wait the oldest are dropped", async () => {
  const clock = new FakeClock();
  const one = await DatagramSocket.open("127.0.0.1", clock);
  const other = await DatagramSocket.open("127.0.0.1", clock, { maxQueued: 2, timeoutMs: 1000 });
  const first = other.receive();
  for (const byte of [0, 1, 2, 3]) await one.send(Uint8Array.of(byte), other.local);
  equal((await first).bytes[0], 0);
  // They have arrived when one that was sent behind them has.
  const third = await DatagramSocket.open("127.0.0.1", clock);
  const echoed = third.receive();
  await one.send(Uint8Array.of(9), third.local);
  await echoed;
  equal((await other.receive()).bytes[0], 2);
  equal((await other.receive()).bytes[0], 3);
  for (const socket of [one, other, third]) await socket.close();
});

Deno.test("waiting has an end, and the error says for what", async () => {
  const clock = new FakeClock();
  const socket = await DatagramSocket.open("127.0.0.1", clock);
  const received = socket.receive();
  clock.advance(10_000);
  await rejects(received, { message: "no datagram arrived within 10000 ms" });
  await socket.close();
});

Deno.test("an address of another machine cannot be had", async () => {
  await rejects(DatagramSocket.open("192.0.2.1", new FakeClock()));
});
