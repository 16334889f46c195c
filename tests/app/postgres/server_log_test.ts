import { deepEqual, equal } from "node:assert/strict";
import { serverLog } from "../../../src/app/postgres/server_log.ts";
import type { Log } from "../../../src/base/log.ts";

function recording() {
  const said: string[] = [];
  const at = (level: string) => (_message: string, fields?: Parameters<Log["info"]>[1]) => {
    said.push(`${level} ${fields?.["severity"]} ${fields?.["text"]}`);
  };
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { said, server: serverLog(log) };
}

Deno.test("what an operator must know is louder than what a server says all day", () => {
  const { said, server } = recording();
  server.line("LOG:  database system is ready to accept connections");
  server.line("ERROR:  duplicate key");
  server.line("WARNING:  page verification failed");
  server.line("FATAL:  the database system is starting up");
  server.line("PANIC:  could not write to file");
  server.line("\tcontinued");
  deepEqual(said, [
    "debug LOG database system is ready to accept connections",
    "debug ERROR duplicate key",
    "warn WARNING page verification failed",
    "warn FATAL the database system is starting up",
    "error PANIC could not write to file",
    "debug  \tcontinued",
  ]);
});

Deno.test("the last line is that of the fault, where there was one", () => {
  const { server } = recording();
  equal(server.lastLine, "");
  server.line("LOG:  starting");
  equal(server.lastLine, "starting");
  server.line("FATAL:  no space left on device");
  server.line("LOG:  database system is shut down");
  equal(server.lastLine, "no space left on device");
});
