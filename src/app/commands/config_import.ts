/**
 * `gallimimus config import-from`: translates the settings of another relay.
 *
 * @module
 */

import { concat, utf8, utf8Decode } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_text.ts";
import { visibleText } from "../../base/visible_text.ts";
import { Argument, type Command } from "../command_line/commander.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { WITHOUT_SETTINGS } from "../command_line/setting_options.ts";
import { complain } from "../command_line/with_store.ts";
import type { ReadForeign } from "../other_relays/translation.ts";

/** The relays whose settings are known, each with its translator, which is loaded when it is asked for. */
const translators: Readonly<Record<string, () => Promise<(text: string) => ReadForeign>>> = {
  "strfry": async () => (await import("../other_relays/strfry.ts")).translateStrfry,
  "strfry-router": async () =>
    (await import("../other_relays/strfry_router.ts")).translateStrfryRouter,
  "nostr-rs-relay": async () =>
    (await import("../other_relays/nostr_rs_relay.ts")).translateNostrRsRelay,
};

/** The largest file that is read. Configuration files have a few thousand bytes. */
const MAX_FILE_BYTES = 1_048_576;

/** Adds the command to `config`. */
export function defineConfigImport(config: Command, run: RunCommand): void {
  config.command("import-from")
    .description("translate the settings of another relay, and say what has no counterpart")
    .addArgument(
      new Argument("<relay>", "whose configuration it is").choices(Object.keys(translators)),
    )
    .argument("<file>", "its configuration file; - is standard input")
    .action((relay: string, file: string) =>
      run(WITHOUT_SETTINGS, (context) => importConfig(context, relay, file))
    );
}

/**
 * Prints the translation as TOML, and on standard error each setting that is left out, with its line
 * and the reason.
 */
export async function importConfig(
  context: CommandContext,
  relay: string,
  file: string,
): Promise<ExitCode> {
  const refuse = (why: string) => complain(context, `${file}: ${why}`, exitCode.failed);
  const read = await readFile(context, file);
  if ("fault" in read) return await refuse(read.fault);
  const translate = await translators[relay]!();
  const translated = translate(read.text);
  if ("fault" in translated) return await refuse(`line ${translated.line}: ${translated.fault}`);
  const { toml, count, notes } = translated;
  const { stdout, stderr } = context.streams;
  const lines = notes.map(({ line, name, why }) => `${file}:${line}: ${name}: ${why}\n`);
  const summary = `gallimimus: ${count} settings translated, ${notes.length} remarks\n`;
  const head =
    `# Translated from the configuration of ${relay} by gallimimus config import-from.\n`;
  await stdout.write(utf8(`${head}\n${toml}`));
  await stderr.write(utf8(visibleText(lines.join("")) + summary));
  return exitCode.done;
}

type ReadFile = { readonly text: string } | { readonly fault: string };

async function readFile({ streams }: CommandContext, file: string): Promise<ReadFile> {
  const opened = await streams.open(file);
  if ("fault" in opened) return opened;
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of opened.readable) {
      length += part.length;
      if (length > MAX_FILE_BYTES) {
        return { fault: `larger than ${MAX_FILE_BYTES} bytes, which no configuration file is` };
      }
      parts.push(part);
    }
  } catch (error) {
    return { fault: `cannot be read: ${messageOf(error)}` };
  }
  const text = utf8Decode(concat(parts));
  return text === undefined ? { fault: "is no text in UTF-8" } : { text };
}
