import { deepEqual, equal } from "node:assert/strict";
import { Supervised } from "../../src/postgres_server/supervised.ts";

/** A shell script in the place of a server. */
function supervised(script: string, lines: string[] = []): Supervised {
  return new Supervised({
    program: "sh",
    args: ["-c", script],
    account: {},
    onLine: (line) => lines.push(line),
  });
}

Deno.test("the exit code and all lines arrive, even the last one without a line feed", async () => {
  const lines: string[] = [];
  const server = supervised("printf 'one\\ntwo\\nthree' >&2; exit 3", lines);
  equal(await server.ended, 3);
  equal(server.hasEnded, true);
  deepEqual(lines, ["one", "two", "three"]);
});

Deno.test("a signal that ends it is reported as 128 plus its number", async () => {
  equal(await supervised("kill -KILL $$").ended, 137);
});

Deno.test("end sends SIGINT and waits for the end, however often it is called", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = new Supervised({
    // As a server does: a handler of its own, although the shell has told it to ignore the signal.
    program: Deno.execPath(),
    args: [
      "eval",
      "Deno.addSignalListener('SIGINT', () => Deno.exit(7)); setInterval(() => {}, 1e4); console.error('up')",
    ],
    account: {},
    onLine: (line) => line === "up" && resolve(),
  });
  await promise;
  await Promise.all([server.end(), server.end()]);
  equal(await server.ended, 7);
});

Deno.test("end after the end does nothing", async () => {
  const server = supervised("exit 0");
  await server.ended;
  await server.end();
  equal(server.hasEnded, true);
});

Deno.test("a missing program ends with 127", async () => {
  const lines: string[] = [];
  const server = new Supervised({
    program: "/nowhere/postgres",
    args: [],
    account: {},
    onLine: (line) => lines.push(line),
  });
  equal(await server.ended, 127);
  equal(lines.length, 1);
});
