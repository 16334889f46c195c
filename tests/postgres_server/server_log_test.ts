import { deepEqual, equal } from "node:assert/strict";
import { serverLog } from "../../src/postgres_server/server_log.ts";
import type { Log } from "../../src/base/log.ts";
import { FakeClock } from "../kit/fake_clock.ts";

function recording() {
  const said: string[] = [];
  const clock = new FakeClock();
  const at = (level: string) => (_message: string, fields?: Parameters<Log["info"]>[1]) => {
    said.push(`${level} ${fields?.["severity"]} ${fields?.["text"]}`);
  };
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { said, clock, server: serverLog(log, clock) };
}

Deno.test("what concerns an operator is a warning or error, everything else is debug", () => {
  const { said, server } = recording();
  server.line("LOG:  database system is ready to accept connections");
  server.line("ERROR:  duplicate key");
  server.line("WARNING:  page verification failed");
  server.line("FATAL:  could not map shared memory");
  server.line("PANIC:  could not write to file");
  server.line("\tcontinued");
  deepEqual(said, [
    "debug LOG database system is ready to accept connections",
    "debug ERROR duplicate key",
    "warn WARNING page verification failed",
    "warn FATAL could not map shared memory",
    "error PANIC could not write to file",
    "debug  \tcontinued",
  ]);
});

Deno.test("a killed process of the server is an error, and refused connections during recovery are not", () => {
  const { said, server } = recording();
  server.line("LOG:  server process (PID 4711) was terminated by signal 9: Killed");
  server.line("FATAL:  the database system is in recovery mode");
  server.line("FATAL:  the database system is not yet accepting connections");
  deepEqual(said, [
    "error LOG server process (PID 4711) was terminated by signal 9: Killed",
    "debug FATAL the database system is in recovery mode",
    "debug FATAL the database system is not yet accepting connections",
  ]);
});

Deno.test("a message that each process logs is forwarded once a minute", () => {
  const { said, server, clock } = recording();
  const line = "FATAL:  terminating connection due to unexpected postmaster exit";
  for (let process = 0; process < 3; process++) server.line(line);
  clock.advance(60_000);
  server.line(line);
  deepEqual(said.map((text) => text.split(" ")[0]), ["warn", "debug", "debug", "warn"]);
});

Deno.test("the last line is that of the last problem, if there was one", () => {
  const { server } = recording();
  equal(server.lastLine, "");
  server.line("LOG:  starting");
  equal(server.lastLine, "starting");
  server.line("FATAL:  no space left on device");
  server.line("LOG:  database system is shut down");
  equal(server.lastLine, "no space left on device");
});
