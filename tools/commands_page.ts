/**
 * Writes the reference of the commands, for `generate_config.ts`.
 *
 * @module
 */

import { Command } from "../src/app/command_line/commander.ts";
import { defineCommands } from "../src/app/command_line/command_line.ts";
import { withSettingOptions } from "../src/app/command_line/setting_options.ts";

/** The documentation page: one section per command, with what it takes. */
export async function commandsPage(): Promise<string> {
  const program = new Command("gallimimus");
  await defineCommands(program, () => Promise.resolve());
  const common = withSettingOptions(new Command());
  const head = [
    "<!-- deno-fmt-ignore-file -->",
    "",
    "# Commands",
    "",
    "Written by `tools/generate_config.ts` from `src/app/commands/`; do not edit. What to do with them is in",
    "[operations.md](operations.md).",
    "",
    "`gallimimus COMMAND`, or `deno task gallimimus COMMAND` in a checkout. The exit code is 0 when it is",
    "done, 1 when it failed, 2 when the command line or the settings are wrong, and 130 when it was",
    "interrupted. Commands that use the relay's settings or its database take these options too:",
    "",
    ...optionTable(common),
  ];
  const commonFlags = new Set(common.options.map(({ flags }) => flags));
  const sections = commandsIn(program, []).flatMap(({ command, path }) => {
    const isCommon = command.options.some(({ flags }) => commonFlags.has(flags));
    const own = command.options.filter(({ flags }) => !commonFlags.has(flags));
    return [
      "",
      `## ${[...path, ...command.registeredArguments.map(argumentText)].join(" ")}`,
      "",
      `${sentence(command.description())}${isCommon ? "" : " Takes no settings."}`,
      ...argumentLines(command),
      ...own.length === 0 ? [] : ["", ...optionTable({ options: own })],
    ];
  });
  return [...head, ...sections].join("\n") + "\n";
}

/** The commands that do something, those within others included. */
function commandsIn(
  parent: Command,
  path: readonly string[],
): readonly { readonly command: Command; readonly path: readonly string[] }[] {
  return parent.commands.flatMap((command) => {
    const own = [...path, command.name()];
    return command.commands.length > 0 ? commandsIn(command, own) : [{ command, path: own }];
  });
}

function argumentText(argument: Command["registeredArguments"][number]): string {
  const text = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `\\<${text}>` : `\\[${text}]`;
}

function argumentLines(command: Command): readonly string[] {
  const lines = command.registeredArguments.filter(({ description }) => description !== "")
    .map((each) => `- \`${each.name()}\`: ${each.description}`);
  return lines.length === 0 ? [] : ["", ...lines];
}

function optionTable({ options }: Pick<Command, "options">): readonly string[] {
  const rows = options.map(({ flags, description }) =>
    `| \`${flags}\` | ${description.replaceAll("|", "\\|")} |`
  );
  return ["| option | is |", "| --- | --- |", ...rows];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
