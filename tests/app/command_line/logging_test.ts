import { deepEqual, equal, ok } from "node:assert/strict";
import {
  configureLog,
  type LogStyle,
  logStyle,
  relayLog,
} from "../../../src/app/command_line/logging.ts";
import type { Log } from "../../../src/base/log.ts";

/** The lines that `say` leads to. */
function linesOf(style: Partial<LogStyle>, say: (log: Log) => void): readonly string[] {
  const lines: string[] = [];
  const end = configureLog(
    {
      ...{ level: "debug", parts: new Map(), format: "text", colour: false },
      ...{ addresses: "full", secret: new Uint8Array(32) },
      ...style,
    },
    (line) => lines.push(line),
  );
  say(relayLog());
  end();
  return lines;
}

/** A line without its time, which is another each time. */
function timeless(line: string): string {
  return line.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, "TIME");
}

function sayAll(log: Log): void {
  log.debug("a");
  log.info("b", { port: 8080, secure: false });
  log.warn("c", { name: "two words", empty: "", none: undefined, nothing: null });
  log.error("d", { text: 'a "b"\nc' });
}

Deno.test("a value from the network drives no terminal", () => {
  const [line] = linesOf(
    {},
    (log) => log.info("slow query", { filter: '{"#t":["\x9b2J\u202e"]}' }),
  );
  equal(timeless(line!), 'TIME info  slow query filter="{\\"#t\\":[\\"\\u009b2J\\u202e\\"]}"\n');
});

Deno.test("text is time, level, sentence and fields, a line each", () => {
  deepEqual(linesOf({}, sayAll).map(timeless), [
    "TIME debug a\n",
    "TIME info  b port=8080 secure=false\n",
    'TIME warn  c name="two words" empty="" nothing=null\n',
    'TIME error d text="a \\"b\\"\\nc"\n',
  ]);
});

Deno.test("JSON is one object a line, with the fields beside the sentence", () => {
  const lines = linesOf({ format: "json" }, sayAll).map((line) => JSON.parse(line));
  deepEqual(lines.map(({ level, message }) => `${level} ${message}`), [
    "debug a",
    "info b",
    "warn c",
    "error d",
  ]);
  equal(lines[1].port, 8080);
  equal(lines[3].text, 'a "b"\nc');
  ok(lines.every(({ time }) => new Date(time).toISOString() === time));
});

for (
  const [level, count] of [["debug", 4], ["info", 3], ["warn", 2], ["error", 1]] as const
) {
  Deno.test(`at level ${level}, ${count} of four levels are written`, () => {
    equal(linesOf({ level }, sayAll).length, count);
  });
}

Deno.test("colour marks the level and nothing else", () => {
  const [line] = linesOf({ colour: true }, (log) => log.error("d", { a: 1 }));
  equal(timeless(line ?? ""), "TIME \x1b[31merror\x1b[0m d a=1\n");
});

Deno.test("a peer's text cannot forge a line or colour it", () => {
  const [line] = linesOf({}, (log) => log.info("x", { agent: "a\n2026 info  y\x1b[31m" }));
  equal(line?.split("\n").length, 2);
  ok(!line?.includes("\x1b"));
});

Deno.test("braces in a sentence are braces", () => {
  const [line] = linesOf({}, (log) => log.info("x"));
  equal(timeless(line ?? ""), "TIME info  x\n");
});

Deno.test("lines go nowhere before and after", () => {
  const lines = linesOf({}, () => {});
  relayLog().error("unheard");
  deepEqual(lines, []);
});

Deno.test("a part has a level of its own, above that of the others or below it", () => {
  const say = (log: Log) => {
    for (const part of ["net", "sync", undefined]) {
      log.debug("d", { part });
      log.info("i", { part });
    }
  };
  const written = (style: Partial<LogStyle>) =>
    linesOf({ ...style, format: "json" }, say).map((line) => JSON.parse(line))
      .map(({ part = "other", message }) => `${part} ${message}`);
  deepEqual(written({ level: "info", parts: new Map([["net", "warn"], ["sync", "debug"]]) }), [
    "sync d",
    "sync i",
    "other i",
  ]);
  deepEqual(written({ level: "error", parts: new Map([["net", "info"]]) }), ["net i"]);
});

Deno.test("what a line says of an address is for the style to decide", () => {
  const written = (addresses: LogStyle["addresses"]) =>
    linesOf({ addresses }, (log) => log.info("x", { address: "192.0.2.1", port: 1 })).map(timeless);
  deepEqual(written("full"), ["TIME info  x address=192.0.2.1 port=1\n"]);
  deepEqual(written("network"), ["TIME info  x address=192.0.2.0/24 port=1\n"]);
  deepEqual(written("none"), ["TIME info  x port=1\n"]);
});

const process = { noColor: undefined, addressSecret: new Uint8Array(32) };
const settings = { level: "info", parts: [], format: "auto", addresses: "full" } as const;

Deno.test("text is for terminals and json for the rest, unless one is asked for", () => {
  const terminal = { ...process, isTerminal: true };
  const pipe = { ...process, isTerminal: false };
  equal(logStyle(settings, terminal).format, "text");
  equal(logStyle(settings, pipe).format, "json");
  equal(logStyle({ ...settings, format: "json" }, terminal).format, "json");
  equal(logStyle({ ...settings, format: "text" }, pipe).format, "text");
});

Deno.test("there is colour on a terminal only, and not against NO_COLOR", () => {
  const colour = (isTerminal: boolean, noColor: string | undefined) =>
    logStyle(settings, { ...process, isTerminal, noColor }).colour;
  equal(colour(true, undefined), true);
  equal(colour(true, ""), true);
  equal(colour(true, "1"), false);
  equal(colour(false, undefined), false);
});
