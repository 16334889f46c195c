/**
 * `gallimimus keygen`: makes a key pair.
 *
 * @see NIP-19
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { Command } from "../command_line/commander.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { WITHOUT_SETTINGS } from "../command_line/setting_options.ts";
import { complain, print } from "../command_line/with_store.ts";
import { newSecretKey } from "../own_key.ts";
import { keyText } from "../settings/key_text.ts";
import { writeFault } from "../system/file_fault.ts";
import { publicKeyOf } from "../../signatures/signature_noble.ts";

interface KeygenFlags {
  /** The new file for the secret key; default: it is printed. */
  readonly file?: string;
  /** Whether to print one JSON object. */
  readonly json?: boolean;
}

/** Only the owner may read and write. */
const OWNER_ONLY = 0o600;

/** Adds the command to the program. */
export function defineKeygen(program: Command, run: RunCommand): void {
  program.command("keygen")
    .description("make a key pair, for relay.key_file, --auth-key-file or a person who has none")
    .option("--file <file>", "write the secret key to a new file, for this user alone to read")
    .option("--json", "print one JSON object")
    .action((flags: KeygenFlags) => run(WITHOUT_SETTINGS, (context) => makeKey(context, flags)));
}

/** Makes a key and prints it; the secret part goes to the file instead, if one is named. */
export async function makeKey(
  context: Pick<CommandContext, "streams" | "random">,
  { file, json = false }: KeygenFlags,
): Promise<ExitCode> {
  const secretKey = newSecretKey(context.random);
  const nsec = keyText("nsec", secretKey);
  const pubkey = publicKeyOf(secretKey);
  const npub = keyText("npub", Uint8Array.fromHex(pubkey));
  if (file !== undefined) {
    const fault = await writeNew(file, `${nsec}\n`);
    if (fault !== undefined) return await complain(context, fault, exitCode.failed);
  }
  const shown = { ...file === undefined ? { nsec } : { file }, npub, pubkey };
  const lines = Object.entries(shown).map(([name, value]) => `${name}: ${value}`).join("\n");
  await print(context, json ? JSON.stringify(shown) : lines);
  return exitCode.done;
}

/** Why the file cannot be made; undefined if it was. One that exists is left alone. */
async function writeNew(path: string, text: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path, { write: true, createNew: true, mode: OWNER_ONLY });
    try {
      await file.write(utf8(text));
      await file.sync();
    } catch (error) {
      await Deno.remove(path);
      throw error;
    }
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      return `${path} exists already and is left as it is: name another file`;
    }
    return `${path} cannot be made: ${writeFault(error)}`;
  }
}
