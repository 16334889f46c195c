/**
 * A directory with given files, for tests of the tools.
 *
 * @module
 */

/** Calls `use` with a new directory that contains `files`, by path, and removes it afterwards. */
export async function withTree<T>(
  files: Readonly<Record<string, string>>,
  use: (root: string) => T | Promise<T>,
): Promise<T> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = `${root}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    return await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
