/**
 * A program that runs a private server in the given directory until it is told to stop.
 *
 * @module
 */

import { ManagedPostgres } from "../../src/postgres_server/managed_postgres.ts";
import { watchStopSignals } from "../../src/app/command_line/signals.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { silentLog } from "../../src/base/log.ts";

const watch = watchStopSignals({ clock: systemClock, exit: (code) => Deno.exit(code) });
const server = await ManagedPostgres.start(Deno.args[0]!, {
  connections: 50,
  clock: systemClock,
  log: silentLog,
});
watch.stop.addEventListener("abort", async () => {
  await server.stop();
  Deno.exit(0);
});
setInterval(() => {}, 60_000);
console.error("ready");
