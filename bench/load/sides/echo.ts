/**
 * What this client and loopback do without a relay: the other side sends every frame back.
 *
 * @module
 */

import { Latencies } from "../latencies.ts";
import { RawClient } from "../raw_client.ts";
import { nowMs, type Side } from "../side.ts";

/** One of the two sides. */
export interface EchoJob {
  readonly kind: "echo";
  readonly role: "client" | "server";
  /** The port of the server, once it listens. */
  readonly chosenPort: Int32Array;
  readonly connections: number;
  readonly seconds: number;
}

const PAYLOAD_BYTES = 400;

/** A server that listens, or a client with its connections. */
export async function echoSide(job: EchoJob): Promise<Side> {
  return job.role === "server" ? listening(job) : await sending(job);
}

const nothing = { done: 0, tried: 0, seconds: 0, tally: {} };

function listening({ chosenPort }: EchoJob): Side {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  chosenPort[0] = listener.addr.port;
  const serve = async () => {
    for await (const connection of listener) void echo(connection).catch(() => {});
  };
  const serving = serve();
  return {
    run: async (stop) => {
      await stop;
      return { ...nothing, latencies: new Latencies().counts };
    },
    close: async () => {
      listener.close();
      await serving;
    },
  };
}

async function echo(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay(true);
  const chunk = new Uint8Array(16 * 1024);
  for (let length; (length = await connection.read(chunk)) !== null;) {
    for (let start = 0; start < length;) {
      start += await connection.write(chunk.subarray(start, length));
    }
  }
  connection.close();
}

async function sending({ connections, seconds, chosenPort }: EchoJob): Promise<Side> {
  const port = chosenPort[0]!;
  const clients = await Promise.all(
    Array.from({ length: connections }, async () => {
      const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
      tcp.setNoDelay(true);
      return new RawClient(tcp);
    }),
  );
  // Unmasked, so that it comes back as a server's frame.
  const frame = new Uint8Array(4 + PAYLOAD_BYTES).fill(0x61);
  frame.set([0x81, 126, PAYLOAD_BYTES >> 8, PAYLOAD_BYTES & 255]);
  const latencies = new Latencies();
  const run = async () => {
    const startMs = nowMs();
    const endMs = startMs + seconds * 1_000;
    await Promise.all(clients.map(async (client) => {
      let sentMs = nowMs();
      const reading = client.read(() => {
        const now = nowMs();
        latencies.record(now - sentMs);
        if (now >= endMs) return client.close();
        sentMs = now;
        void client.send(frame);
      });
      void client.send(frame);
      await reading;
    }));
    const done = latencies.count;
    const elapsed = (nowMs() - startMs) / 1_000;
    return { ...nothing, done, tried: done, seconds: elapsed, latencies: latencies.counts };
  };
  return { run, close: () => Promise.resolve() };
}
