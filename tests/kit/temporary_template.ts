/**
 * Files that are slow to create, created once for all test runs in the system's temporary
 * directory.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../../src/base/bytes.ts";
import { bytesToHex } from "../../src/nostr/hex.ts";

/** The system's temporary directory. */
export const TEMPORARY_DIRECTORY = (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/+$/, "");

/**
 * Fills the directory `home` by `make` unless it exists. It is created beside and renamed, so that
 * a concurrent process, or one after a crash, finds all of it or nothing.
 */
export async function layOutOnce(
  home: string,
  make: (draft: string) => Promise<void>,
): Promise<void> {
  if (await exists(home)) return;
  const draft = await Deno.makeTempDir({ dir: TEMPORARY_DIRECTORY, prefix: "gallimimus-draft-" });
  try {
    await make(draft);
    await Deno.rename(draft, home);
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    if (!await exists(home)) throw error;
  }
}

/** The path of the template that is made from `texts`: another one when one of them changes. */
export function templatePath(kind: string, texts: readonly string[]): string {
  const version = bytesToHex(sha256(utf8(texts.join("\n")))).slice(0, 16);
  return `${TEMPORARY_DIRECTORY}/gallimimus-${kind}-${version}-${Deno.uid()}`;
}

/** Copies a directory with owners and modes to `to`, which does not exist. */
export async function copyTree(
  from: string,
  to: string,
  options: readonly string[] = [],
): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", { args: ["-a", ...options, from, to] })
    .output();
  if (!success) throw new Error(`cannot copy ${from}: ${new TextDecoder().decode(stderr)}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
