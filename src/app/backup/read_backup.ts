/**
 * Reads the files of a backup.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readFault } from "../system/file_fault.ts";
import { decompressed } from "../transfer/compressed_files.ts";
import {
  type BackupFile,
  MANIFEST,
  type Manifest,
  readManifest,
  UnusableBackup,
} from "./manifest.ts";

interface ReadOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called with the bytes of each piece, as they lie on the disk. */
  readonly onBytes?: (bytes: number) => void;
}

/** Reads the manifest of the backup in `path`. Throws {@link UnusableBackup} if there is none. */
export async function openBackup(path: string): Promise<Manifest> {
  const file = `${path}/${MANIFEST}`;
  const text = await Deno.readTextFile(file).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) {
      throw new UnusableBackup(`${path} holds no complete backup: there is no ${file}`);
    }
    if (error instanceof Deno.errors.NotADirectory) {
      throw new UnusableBackup(
        `${path} is a file: a backup is a directory, and import takes a file of events`,
      );
    }
    throw new UnusableBackup(`${file} cannot be read: ${readFault(error)}`);
  });
  const manifest = readManifest(text);
  if ("fault" in manifest) throw new UnusableBackup(`${file} ${manifest.fault}`);
  return manifest;
}

/**
 * Compares every file with the manifest. Throws {@link UnusableBackup} for the first that differs, and the
 * signal's reason.
 */
export async function verifyFiles(
  path: string,
  { files }: Manifest,
  options: ReadOptions,
): Promise<void> {
  for (const { name, bytes, sha256 } of files) {
    const hash = createHash("sha256");
    let length = 0;
    for await (const piece of piecesOf(`${path}/${name}`, options)) {
      hash.update(piece);
      length += piece.length;
    }
    if (length !== bytes || hash.digest("hex") !== sha256) {
      throw new UnusableBackup(`${path}/${name} is not as it was written: its checksum differs`);
    }
  }
}

/** The text of a file in small pieces, decompressed, however well it was compressed. */
export function contentOf(
  path: string,
  name: BackupFile,
  options: ReadOptions,
): AsyncIterable<Uint8Array> {
  return decompressed(name, piecesOf(`${path}/${name}`, options));
}

async function* piecesOf(
  path: string,
  { signal, onBytes }: ReadOptions,
): AsyncGenerator<Uint8Array, void> {
  const file = await Deno.open(path).catch((error: unknown) => {
    throw new UnusableBackup(`${path} cannot be read: ${readFault(error)}`);
  });
  for await (const piece of file.readable) {
    signal.throwIfAborted();
    onBytes?.(piece.length);
    yield piece;
  }
}
