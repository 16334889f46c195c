/**
 * The inputs that fuzzing starts from: valid streams, and whatever was once found to break something.
 *
 * @module
 */

const folder = new URL("./seeds/", import.meta.url);

/** One saved input. */
export interface SavedSeed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The saved inputs of one target, by name. */
export function savedSeeds(target: string): readonly SavedSeed[] {
  const files = [...Deno.readDirSync(new URL(`${target}/`, folder))].map(({ name }) => name).sort();
  return files.map((name) => {
    const text = Deno.readTextFileSync(new URL(`${target}/${name}`, folder));
    return { name, bytes: Uint8Array.fromHex(text.replaceAll(/\s/g, "")) };
  });
}

/** Saves an input, so that it is tried in every run from now on. Says where. */
export function saveSeed(target: string, bytes: Uint8Array): string {
  const lines = bytes.toHex().match(/.{1,96}/g) ?? [];
  const file = new URL(`${target}/found-${Date.now()}.hex`, folder);
  Deno.mkdirSync(new URL(".", file), { recursive: true });
  Deno.writeTextFileSync(file, `${lines.join("\n")}\n`);
  return file.pathname;
}
