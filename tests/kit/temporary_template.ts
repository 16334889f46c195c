/**
 * Files that are slow to create, created once for all test runs in the system's temporary
 * directory.
 *
 * @module
 */

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

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
