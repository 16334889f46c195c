/**
 * Checks that the programs of the plugins can be started.
 *
 * @module
 */

import { messageOf } from "../../base/error_text.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import type { Settings } from "../settings/setting_list.ts";

const SETTING = "plugins.commands";

/** A first word that the shell takes as it is. */
const PLAIN_WORD = /^[\w./+@%:,-]+$/;

/**
 * Asks the shell for the program of each command. A command that begins with an assignment, a quote or
 * something else that the shell has to work out is not checked.
 *
 * @throws UnusableSetting naming the first program that does not exist or may not be executed
 */
export async function checkPluginPrograms(
  { plugins }: Pick<Settings, "plugins">,
): Promise<void> {
  for (const command of plugins.commands) {
    const [word = ""] = command.trim().split(/\s/, 1);
    const fault = PLAIN_WORD.test(word) ? await faultOf(word) : undefined;
    if (fault !== undefined) throw new UnusableSetting(SETTING, `${word} ${fault}`);
  }
}

async function faultOf(word: string): Promise<string | undefined> {
  if (!word.includes("/")) {
    return await shellSays('command -v -- "$1"', word)
      ? undefined
      : "is no program that the shell finds: give its path";
  }
  try {
    if ((await Deno.stat(word)).isDirectory) return "is a directory";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "does not exist";
    return `cannot be started: ${messageOf(error)}`;
  }
  return await shellSays('test -x "$1"', word)
    ? undefined
    : `may not be executed: chmod +x ${word}`;
}

/** Whether a script succeeds, to which the word is handed as `$1`. */
async function shellSays(script: string, word: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", word],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    throw new UnusableSetting(
      SETTING,
      `the shell cannot be started: ${messageOf(error)}`,
    );
  }
}
