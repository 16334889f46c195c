import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "smol-toml";
import { tomlLines } from "../../../src/app/settings/toml_lines.ts";

/** The lines found, as a plain object. */
function linesOf(toml: string): Record<string, number> {
  return Object.fromEntries(tomlLines(toml));
}

Deno.test("tables, dotted keys and inline tables are found", () => {
  const toml = [
    "# log.level = 1",
    "[relay]",
    'name = "a"',
    "",
    "[ network ] # network.path",
    'listen = ["a:1", # listen',
    '  "b:2"]',
    'path = "/"',
    "[limits]",
    "max_limit=1",
    "[signatures]",
  ].join("\n");
  deepEqual(linesOf(toml), {
    "relay": 2,
    "relay.name": 3,
    "network": 5,
    "network.listen": 6,
    "network.path": 8,
    "limits": 9,
    "limits.max_limit": 10,
    "signatures": 11,
  });
  deepEqual(linesOf('log.level = "a"\nlog . format = "b"'), {
    "log": 1,
    "log.level": 1,
    "log.format": 2,
  });
  deepEqual(linesOf('log = { level = "a",\n format = { x = 1 } }\nb = 2'), {
    "log": 1,
    "log.level": 1,
    "log.format": 2,
    "log.format.x": 2,
    "b": 3,
  });
});

const hiding: readonly [string, string][] = [
  ["a comment", "# x = 1\n"],
  ["a string", 'a = "x = 1 \\" # [x]"\n'],
  ["a literal string", "a = 'x = \"1 \\'\n"],
  ["a string of several lines", 'a = """\nx = 1\n[x]\n\\"""\n"""\n'],
  ["a string that ends in quotes", 'a = """x"""""\n'],
  ["a string of several lines with a backslash at its end", 'a = """\\\\"""\n'],
  ["a literal string of several lines", "a = '''\nx = 1\n'' \\'''\n"],
  ["an array", "a = [ ']', [1, 2], # x = 1\n { b = 1 }, ]\n"],
  ["a date", "a = 1979-05-27 07:32:00Z # x\n"],
];

for (const [what, text] of hiding) {
  Deno.test(`${what} does not hide or invent a key`, () => {
    const lines = tomlLines(`${text}x = 1\n`);
    equal(lines.get("x"), text.split("\n").length);
    equal(lines.get("a"), text.startsWith("#") ? undefined : 1);
  });
}

Deno.test("quoted names, a byte order mark and CRLF are understood", () => {
  deepEqual(linesOf('\uFEFF"log"\r\n . level = 1'.replace("\r\n", "")), {
    "log": 1,
    "log.level": 1,
  });
  deepEqual(linesOf("[log]\r\n'level' = 1\r\n\r\nformat = 2\r\n"), {
    "log": 1,
    "log.level": 2,
    "log.format": 4,
  });
});

Deno.test("the first of several places counts", () => {
  deepEqual(linesOf("a.b = 1\na.c = 2"), { "a": 1, "a.b": 1, "a.c": 2 });
});

Deno.test("every key that a writer of TOML wrote is found on its line", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "_", "1"), minLength: 1, maxLength: 4 });
  const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.string()));
  const table = fc.dictionary(name, fc.dictionary(name, value, { noNullPrototype: true }), {
    noNullPrototype: true,
  });
  fc.assert(fc.property(table, (sections) => {
    const toml = stringify(sections);
    const lines = tomlLines(toml);
    const textOf = (path: string) => toml.split("\n")[(lines.get(path) ?? 0) - 1] ?? "";
    for (const [section, values] of Object.entries(sections)) {
      for (const key of Object.keys(values)) {
        equal(textOf(`${section}.${key}`).startsWith(`${key} = `), true, `${section}.${key}`);
      }
    }
  }));
});

Deno.test("any text at all comes to an end", () => {
  const unit = fc.constantFrom("[", "]", "{", "}", '"', "'", "=", ".", ",", "#", "\n", "\\", "a");
  fc.assert(fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
    equal(typeof tomlLines(text).size, "number");
  }));
});
