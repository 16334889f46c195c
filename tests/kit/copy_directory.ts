/** Copies all files below `from` into the directory `to`, readable by everybody. Links are left out. */
export async function copy(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) {
      await Deno.mkdir(target);
      await copy(source, target);
    } else if (isFile) {
      await Deno.copyFile(source, target);
      await Deno.chmod(target, 0o755);
    }
  }
}
