import { deepEqual } from "node:assert/strict";
import plugin, { maxFileLines, maxFunctionLines } from "../../tools/lint_plugin.ts";

/** The rules that a piece of source breaks, without the plugin's name. */
function broken(file: string, source: string): readonly string[] {
  return Deno.lint.runPlugin(plugin, file, source).map(({ id }) => id.replace("gallimimus/", ""));
}

Deno.test("no-leaking-race: Promise.race and AbortSignal.any are refused everywhere", () => {
  for (const file of ["src/base/a.ts", "src/app/a.ts", "mod.ts", "tests/net/a_test.ts"]) {
    deepEqual(broken(file, "await Promise.race([]);"), ["no-leaking-race"]);
    deepEqual(broken(file, 'Promise["race"]([]);'), ["no-leaking-race"]);
    deepEqual(broken(file, "const any = AbortSignal.any;"), ["no-leaking-race"]);
  }
  deepEqual(broken("src/app/a.ts", "await Promise.all([]); AbortSignal.timeout(1);"), []);
});

const impure = [
  "Date.now();",
  "new Date();",
  "Date();",
  "performance.now();",
  "Math.random();",
  "crypto.randomUUID();",
  "crypto.getRandomValues(bytes);",
  "console.log(1);",
  "Deno.args;",
  "process.exit();",
  "setTimeout(() => {}, 1);",
  "setInterval(() => {}, 1);",
  "fetch(url);",
  "globalThis.x;",
  "new WebSocket(url);",
  "const later = setTimeout;",
  "const all = { fetch };",
  "f(Deno);",
];

Deno.test("pure-room: rooms that touch nothing name no time, chance, log or world", () => {
  for (const room of ["base", "nostr", "websocket", "relay", "http"]) {
    for (const source of impure) {
      deepEqual([source, broken(`src/${room}/a.ts`, source)], [source, ["pure-room"]]);
    }
  }
});

Deno.test("pure-room: a folder in a room belongs to it, and a leading path changes nothing", () => {
  deepEqual(broken("/home/src/project/src/relay/policies/a.ts", "Date.now();"), ["pure-room"]);
  deepEqual(broken("/home/src/project/src/app/commands/a.ts", "Date.now();"), []);
});

Deno.test("pure-room: net may use timers and sockets and nothing else of these", () => {
  deepEqual(broken("src/net/a.ts", "socket.readyState === WebSocket.OPEN;"), []);
  deepEqual(broken("src/net/a.ts", "setTimeout(() => {}, 1); setInterval(() => {}, 1);"), []);
  deepEqual(broken("src/net/a.ts", "Date.now(); console.log(1);"), ["pure-room", "pure-room"]);
});

Deno.test("pure-room: app, tests and tools are not concerned", () => {
  for (const source of impure) {
    for (const file of ["src/app/a.ts", "tests/base/a_test.ts", "tools/a.ts", "mod.ts"]) {
      deepEqual(broken(file, source), []);
    }
  }
});

Deno.test("linear-end: what meets peers looks for no run at the end of a text", () => {
  const refused = ["/\\/+$/", "/^[ \\t]+|[ \\t]+$/g", "/a(?:b|c*)$/", "/(?<=.)\\/+$/"];
  const taken = ["/^\\/+$/", "/^(?:a|b+)$/", "/\\.$/", "/[?#].*$/s", "/a+/", "/^a|b$/", "/[|]a$/"];
  for (const pattern of refused) {
    deepEqual([pattern, broken("src/net/a.ts", `${pattern};`)], [pattern, ["linear-end"]]);
    deepEqual(broken("src/app/a.ts", `${pattern};`), []);
  }
  for (const pattern of taken) {
    deepEqual([pattern, broken("src/net/a.ts", `${pattern};`)], [pattern, []]);
  }
});

Deno.test("pure-room: a member, key or type of the same name is something else", () => {
  const source = `
    interface Door { fetch(request: Request): void; process: string }
    type Handle = ReturnType<typeof setTimeout>;
    const door = { fetch: 1, process() {} };
    class Gate { fetch() {} console = 1; }
    options.fetch(door.process);
    new Date(0);
    clock.now();
  `;
  deepEqual(broken("src/relay/a.ts", source), []);
});

Deno.test("hash-private: the keywords private and protected are refused", () => {
  const source = `
    abstract class A {
      private a = 1;
      protected b(): void {}
      constructor(private readonly c: string) {}
      protected abstract d(): void;
      #e = 2;
      public f = 3;
    }
  `;
  deepEqual(broken("src/app/a.ts", source), Array(4).fill("hash-private"));
});

/** A function whose text has this many lines. */
const functionOf = (lines: number) => `function f() {\n${"  g('é');\n".repeat(lines - 2)}}\n`;

Deno.test("function-length: the limit passes, one line more does not", () => {
  deepEqual(broken("src/app/a.ts", functionOf(maxFunctionLines)), []);
  deepEqual(broken("src/app/a.ts", functionOf(maxFunctionLines + 1)), ["function-length"]);
});

Deno.test("function-length: methods and arrows count, tests do not", () => {
  const body = "  g();\n".repeat(maxFunctionLines);
  deepEqual(broken("src/app/a.ts", `class A { m() {\n${body}} }`), ["function-length"]);
  deepEqual(broken("tools/a.ts", `const f = () => {\n${body}};`), ["function-length"]);
  deepEqual(broken("tests/app/a_test.ts", functionOf(maxFunctionLines + 1)), []);
});

Deno.test("parameter-count: three pass, four do not, and this is not one", () => {
  deepEqual(broken("src/app/a.ts", "function f(this: A, a: 1, b: 2, c: 3) {}"), []);
  deepEqual(broken("src/app/a.ts", "function f(a: 1, b: 2, c: 3, d: 4) {}"), ["parameter-count"]);
  deepEqual(broken("src/app/a.ts", "const f = (a, b, c, d) => 1;"), ["parameter-count"]);
  deepEqual(broken("src/app/a.ts", "class A { constructor(a, b, c, d) {} }"), ["parameter-count"]);
});

Deno.test("file-length: the limit passes, one line more does not", () => {
  deepEqual(broken("src/app/a.ts", "x;\n".repeat(maxFileLines)), []);
  deepEqual(broken("src/app/a.ts", "x;\n".repeat(maxFileLines + 1)), ["file-length"]);
  deepEqual(broken("tests/app/a_test.ts", "x;\n".repeat(maxFileLines + 1)), []);
});

Deno.test("no-as-any: a cast to any is refused, a cast to a type is not", () => {
  deepEqual(broken("src/app/a.ts", "x as any;"), ["no-as-any"]);
  deepEqual(broken("src/app/a.ts", "<any> x;"), ["no-as-any"]);
  deepEqual(broken("src/app/a.ts", "x as unknown; y as string;"), []);
});

Deno.test("ignore-reason: who switches a rule off says why", () => {
  deepEqual(broken("src/app/a.ts", "// deno-lint-ignore no-explicit-any\nx;"), ["ignore-reason"]);
  deepEqual(broken("src/app/a.ts", "// deno-lint-ignore-file\nx;"), ["ignore-reason"]);
  deepEqual(broken("src/app/a.ts", "// deno-lint-ignore no-x -- the table is long\nx;"), []);
  deepEqual(broken("src/app/a.ts", "// see deno-lint-ignore in the manual\nx;"), []);
});
