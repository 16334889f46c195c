import { deepEqual, equal, ok } from "node:assert/strict";
import { type BenchOptions, groups, helpText, parseOptions } from "../../bench/load/options.ts";

const databases = ["memory:", "pglite:"];

function parsed(...args: readonly string[]): BenchOptions {
  const options = parseOptions(args, databases);
  if (options === "help" || "fault" in options) throw new Error(JSON.stringify(options));
  return options;
}

function fault(...args: readonly string[]): string {
  const options = parseOptions(args, databases);
  return options !== "help" && "fault" in options ? options.fault : "no fault";
}

Deno.test("without a URL our own relay is measured on each database", () => {
  const { targets, peer, only, amounts } = parsed("--set", "cache.max_mib=0", "--set", "a.b=c");
  const settings = ["cache.max_mib=0", "a.b=c"];
  deepEqual(targets, databases.map((name) => ({ name, settings, idle: 0 })));
  equal(peer, undefined);
  deepEqual([...only], [...groups]);
  equal(amounts.timeoutMs, 10_000);
  equal(amounts.queries, undefined);
});

Deno.test("URLs and databases are measured as they are named", () => {
  const names = (...args: readonly string[]) => parsed(...args).targets.map(({ name }) => name);
  deepEqual(names("ws://a:1", "wss://b/path"), ["ws://a:1", "wss://b/path"]);
  deepEqual(names("--database", "pglite:,memory:"), ["pglite:", "memory:"]);
  deepEqual(names("ws://a", "--database", "memory:"), ["ws://a", "memory:"]);
});

Deno.test("one relay is compared with another, each with its own settings and process", () => {
  const { targets, peer } = parsed(
    ...["ws://a", "--pid", "7", "--compare", "memory:"],
    ...["--compare-set", "x.y=1", "--compare-pid", "8", "--compare-idle", "9"],
  );
  deepEqual(targets, [{ name: "ws://a", settings: [], idle: 0, pid: 7 }]);
  deepEqual(peer, { name: "memory:", settings: ["x.y=1"], idle: 9, pid: 8 });
  deepEqual(parsed("--compare", "ws://b").targets.map(({ name }) => name), ["memory:"]);
});

Deno.test("what is wrong is said", () => {
  equal(fault("--rate", "many"), "--rate is no number: many");
  equal(fault("--events=-1"), "--events is no number: -1");
  equal(fault("--seconds", "Infinity"), "--seconds is no number: Infinity");
  ok(fault("--only", "publish,everything").startsWith("--only everything is none of"));
  ok(fault("http://a").startsWith("http://a is no ws:// or wss:// URL"));
  ok(fault("mysql:").startsWith("mysql: is no ws://"));
  ok(fault("--no-such-flag").includes("--no-such-flag"));
  equal(fault("ws://a", "ws://b", "--compare", "ws://c"), "--compare compares one relay");
  equal(fault("ws://a", "ws://b", "--pid", "1"), "--pid is of one relay");
});

Deno.test("the help names every flag that is parsed, and what it warns of", () => {
  equal(parseOptions(["--help"], databases), "help");
  const flags = helpText().match(/--[a-z-]+/g)!;
  for (const flag of flags) ok(!fault(flag, "1").startsWith("Unknown option"), flag);
  ok(flags.length > 20);
  ok(helpText().includes("do not point it at a relay that others use"));
});
