/**
 * The real program under a socket such as systemd gives it.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { startRelay } from "../kit/running_relay.ts";
import { freshDatabases } from "./databases.ts";

const listener = new URL("../kit/datagram_listener.ts", import.meta.url).pathname;

const starts: readonly [string, string, readonly string[]][] = [
  ["in one thread", "memory:", []],
  ["in two threads", "managed:", ["network.workers=2"]],
];

for (const [threads, kind, settings] of starts) {
  Deno.test({
    // There is no systemd elsewhere, and the names of the C library are those of Linux.
    ignore: Deno.build.os !== "linux",
    name:
      `sd_notify(3): a relay says when it listens, that it lives, and that it stops, ${threads}`,
    async fn() {
      const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
      const socket = `${directory}/notify`;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", "--no-config", "--unstable-net", listener, socket],
        stdout: "piped",
      }).spawn();
      const lines = child.stdout.pipeThrough(new TextDecoderStream())
        .pipeThrough(new TransformStream(new LineSplitter())).getReader();
      const next = async () => JSON.parse((await lines.read()).value ?? "null");
      equal(await next(), "listening");

      await using database = await freshDatabases[kind]!();
      await using relay = await startRelay({
        database: database.url,
        settings,
        environment: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "200000" },
      });
      match(await next(), new RegExp(`^READY=1\nSTATUS=listening on ${relay.url}$`));
      equal(await next(), "WATCHDOG=1");
      equal(await relay.stop(), 0);
      let last = await next();
      while (last === "WATCHDOG=1") last = await next();
      deepEqual(last, "STOPPING=1");

      child.kill("SIGKILL");
      await child.status;
      await lines.cancel();
      await Deno.remove(directory, { recursive: true });
    },
  });
}

/** Splits text into lines. */
class LineSplitter implements Transformer<string, string> {
  #rest = "";

  transform(chunk: string, controller: TransformStreamDefaultController<string>): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) controller.enqueue(line);
  }
}
