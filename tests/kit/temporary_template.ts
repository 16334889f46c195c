/**
 * What takes long to make and is made once for all tests of all runs, in the system's temporary directory.
 *
 * @module
 */

/** The system's. */
export const TEMPORARY_DIRECTORY = (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/+$/, "");

/**
 * Has `make` fill the directory `home`, unless it is there. What is there is whole: it is made beside and
 * renamed, so that whoever comes at the same time, or after a crash, finds all of it or nothing.
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

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
