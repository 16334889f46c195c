/**
 * Compiles the patterns of `access.banned_patterns`, which match in time linear in the text.
 *
 * @module
 */

import type { IsBannedText } from "../../relay/access/access_lists.ts";
import type { LoadedSettings } from "./load_settings.ts";
import type { Settings } from "./setting_list.ts";

/** A test for the patterns, or what is wrong with the first that cannot be used. */
type CompiledPatterns =
  | { readonly isBanned: IsBannedText | undefined }
  | { readonly name: string; readonly fault: string };

/**
 * Adds the problems of the patterns, which cannot be checked without compiling them. The compiler
 * is loaded only if there are patterns.
 */
export async function withPatternsChecked(loaded: LoadedSettings): Promise<LoadedSettings> {
  if ("problems" in loaded) return loaded;
  const compiled = await compile(loaded.settings.access);
  if (!("fault" in compiled)) return loaded;
  const { name, fault: message } = compiled;
  return { problems: [{ source: loaded.origins.get(name) ?? "default", name, message }] };
}

/**
 * The test whether a text matches any of the patterns; undefined without patterns.
 *
 * @throws TypeError naming the first pattern that cannot be used
 */
export async function bannedPatternsOf(
  { access }: Pick<Settings, "access">,
): Promise<IsBannedText | undefined> {
  const compiled = await compile(access);
  if ("fault" in compiled) throw new TypeError(`${compiled.name}: ${compiled.fault}`);
  return compiled.isBanned;
}

async function compile(
  { banned_patterns: patterns, banned_pattern_size: maxSize }: Settings["access"],
): Promise<CompiledPatterns> {
  if (patterns.length === 0) return { isBanned: undefined };
  const { RE2JS, RE2JSException, RE2Set } = await import("re2js");
  // One automaton for all patterns: a text is read once, however many there are.
  const set = new RE2Set();
  let size = 0;
  for (const pattern of patterns) {
    try {
      size += RE2JS.compile(pattern).programSize();
      set.add(pattern);
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      const name = "access.banned_patterns";
      return { name, fault: `${JSON.stringify(pattern)} is not a pattern: ${error.message}` };
    }
  }
  if (size > maxSize) {
    const fault = `found ${maxSize}, expected at least ${size}, the size of access.banned_patterns`;
    return { name: "access.banned_pattern_size", fault };
  }
  set.compile();
  return { isBanned: (text) => set.match(text).length > 0 };
}
