/**
 * A disk that can be filled: a file system in memory, mounted for a test. Needs root and Linux.
 *
 * @module
 */

import { statfs } from "node:fs/promises";

const BLOCK_BYTES = 1_048_576;

/** Whether this process may mount one. */
export const hasSmallDisks = Deno.build.os === "linux" && Deno.uid() === 0;

/** A mounted file system, until it is disposed. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string;
  #ballast = 0;

  /** Use {@link mount}. */
  constructor(path: string) {
    this.path = path;
  }

  static async mount(mib: number): Promise<SmallDisk> {
    const path = await Deno.makeTempDir({ prefix: "gallimimus-disk-" });
    await run("mount", ["-t", "tmpfs", "-o", `size=${mib}m,mode=777`, "tmpfs", path]);
    return new SmallDisk(path);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  /** Fills it with a file of somebody else, until so much is left. */
  async fill(leftBytes: number): Promise<void> {
    using file = await Deno.open(`${this.path}/ballast${this.#ballast++}`, {
      create: true,
      write: true,
    });
    for (;;) {
      const bytes = Math.min(BLOCK_BYTES, await this.freeBytes() - leftBytes);
      if (bytes <= 0) return;
      try {
        await file.write(new Uint8Array(bytes));
      } catch {
        // Somebody else has taken the last block.
        return;
      }
    }
  }

  /** Removes what {@link fill} wrote. */
  async relieve(): Promise<void> {
    while (this.#ballast > 0) await Deno.remove(`${this.path}/ballast${--this.#ballast}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", ["--lazy", this.path]);
    await Deno.remove(this.path);
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}
