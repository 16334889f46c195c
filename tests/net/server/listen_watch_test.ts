import { equal } from "node:assert/strict";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import type { ListenAddress } from "../../../src/net/address/listen_address.ts";
import { ListenWatch } from "../../../src/net/server/listen_watch.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

const nowhere: ListenAddress = { type: "unix", path: "/nowhere/relay.sock" };

function watched(
  address: ListenAddress,
  { replace = () => Promise.resolve(), isShared = false } = {},
) {
  const clock = new FakeClock();
  const replaced = { count: 0 };
  const watch = new ListenWatch(clock, {
    address: () => address,
    isShared,
    replace: () => {
      replaced.count++;
      return replace();
    },
  });
  watch.start();
  return { clock, watch, replaced };
}

Deno.test("a listener that accepts is left alone", () => {
  const { clock, watch, replaced } = watched(nowhere);
  for (let at = 0; at < 10; at++) {
    watch.receive(new Socket(), () => {});
    clock.advance(5_000);
  }
  equal(replaced.count, 0);
  watch.stop();
  equal(clock.timerCount, 0);
});

Deno.test("a quiet listener is called, and left alone when it hears", async () => {
  const server = createServer((socket) => watch.receive(socket, () => void socket.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const { clock, watch, replaced } = watched({ type: "tcp", host: "0.0.0.0", port });
  for (let at = 0; at < 3; at++) {
    const heard = once(server, "connection");
    clock.advance(5_000);
    await heard;
    clock.advance(5_000);
  }
  equal(replaced.count, 0);
  watch.stop();
  server.close();
  await once(server, "close");
});

Deno.test("a listener that does not hear its call is replaced, again if need be", async () => {
  const { clock, watch, replaced } = watched(nowhere, {
    replace: () => Promise.reject(new Error("no room")),
  });
  clock.advance(10_000);
  equal(replaced.count, 1);
  await Promise.resolve();
  await Promise.resolve();
  clock.advance(10_000);
  equal(replaced.count, 2);
  watch.stop();
});

Deno.test("what is being replaced is not replaced again", () => {
  const { clock, watch, replaced } = watched(nowhere, { replace: () => new Promise(() => {}) });
  clock.advance(60_000);
  equal(replaced.count, 1);
  watch.stop();
});

Deno.test("a listener that shares its port is replaced only after a long silence", async () => {
  const { clock, watch, replaced } = watched(nowhere, { isShared: true });
  clock.advance(100_000);
  equal(replaced.count, 0, "another one may have accepted its calls");
  watch.receive(new Socket(), () => {});
  clock.advance(105_000);
  equal(replaced.count, 0);
  clock.advance(5_000);
  equal(replaced.count, 1);
  await Promise.resolve();
  watch.stop();
});
