import { deepEqual } from "node:assert/strict";
import { Command } from "../../../src/app/command_line/commander.ts";
import { withTimeOptions } from "../../../src/app/command_line/time_options.ts";

/** The options that a command line gives. */
function optionsOf(...args: readonly string[]): unknown {
  const command = withTimeOptions(new Command().exitOverride().configureOutput({ writeErr() {} }));
  try {
    return command.parse(args, { from: "user" }).opts();
  } catch {
    return "refused";
  }
}

Deno.test("times are seconds since 1970, days, or times of UTC", () => {
  deepEqual(optionsOf("--since", "1700000000", "--until", "0"), { since: 1_700_000_000, until: 0 });
  deepEqual(optionsOf("--since", "2023-11-14"), { since: 1_699_920_000 });
  deepEqual(optionsOf("--until", "2023-11-14T22:13:20Z"), { until: 1_700_000_000 });
  deepEqual(optionsOf("--until", "2023-11-14T22:13Z"), { until: 1_699_999_980 });
  deepEqual(optionsOf(), {});
});

Deno.test("anything else is refused", () => {
  const texts = ["", "now", "-1", "1.5", "2023-13-01", "2023-11-14T22:13", "1969-01-01", "2023"];
  const refused = texts.filter((text) => optionsOf(`--since=${text}`) === "refused");
  // A number of four digits is one of seconds.
  deepEqual(refused, texts.slice(0, -1));
});
