/**
 * Tells whether a directory can be made and written to.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { messageOf } from "../../base/error_text.ts";

/**
 * Why no file can be made in a directory; undefined if one can. Makes and removes an empty file in it,
 * or in the nearest directory above it that exists: permissions alone do not say what the system allows.
 */
export async function writeFault(directory: string): Promise<string | undefined> {
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: await existing(resolve(directory)) }));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function existing(directory: string): Promise<string> {
  const above = dirname(directory);
  const isThere = await Deno.stat(directory).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound && above !== directory) return false;
    throw error;
  });
  return isThere ? directory : await existing(above);
}
