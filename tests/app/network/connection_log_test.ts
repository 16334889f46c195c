import { deepEqual, equal } from "node:assert/strict";
import { ConnectionLog } from "../../../src/app/network/connection_log.ts";
import { type Log, type LogFields, silentLog } from "../../../src/base/log.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

function start(linesPerMinute: number) {
  const lines: [string, LogFields | undefined][] = [];
  const log: Log = { ...silentLog, info: (...line) => void lines.push([line[0], line[1]]) };
  const clock = new FakeClock();
  const connections = new ConnectionLog({ log, clock, linesPerMinute });
  const end = (address: string, cause: "peer" | "reset" = "peer") =>
    connections.ended({
      address,
      ending: { cause, code: cause === "peer" ? 1000 : 1006, reason: "", clean: cause === "peer" },
      startMs: clock.monotonicMs() - 12_345,
      receivedBytes: 100,
      sentBytes: 2_000,
      tally: { messages: 3, published: 2, requests: 1, accepted: 1, refused: 1, events: 20 },
    });
  return { lines, clock, connections, end };
}

Deno.test("a connection that ends is one line: who, why, how long and how much", () => {
  const { lines, end, connections, clock } = start(10);
  end("192.0.2.1");
  connections.close();
  deepEqual(lines, [["connection ended", {
    ...{ address: "192.0.2.1", cause: "peer", code: 1000, reason: undefined, seconds: 12.3 },
    ...{ messages: 3, published: 2, requests: 1, accepted: 1, refused: 1, events: 20 },
    ...{ receivedBytes: 100, sentBytes: 2_000 },
  }]]);
  end("192.0.2.2");
  equal(lines.length, 2);
  equal(clock.timerCount, 0, "what ends later leaves no timer behind");
});

Deno.test("more than so many a minute share a line, and the next minute begins anew", () => {
  const { lines, end, connections, clock } = start(2);
  for (let i = 0; i < 4; i++) end(`192.0.2.${i}`);
  end("192.0.2.9", "reset");
  equal(lines.length, 2);
  clock.advance(60_000);
  deepEqual(lines.at(-1), ["more connections ended", {
    ...{ count: 3, receivedBytes: 300, sentBytes: 6_000, causes: "peer:2,reset:1" },
  }]);
  end("192.0.2.1");
  equal(lines.at(-1)?.[0], "connection ended");
  clock.advance(60_000);
  equal(lines.length, 4, "nothing is left to be told");
  equal(clock.timerCount, 0);
  connections.close();
});

Deno.test("with 0 lines no address is written", () => {
  const { lines, end, connections } = start(0);
  end("192.0.2.1");
  connections.close();
  deepEqual(lines.map(([message]) => message), ["more connections ended"]);
});
