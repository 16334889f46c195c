/**
 * Paths as operators write them.
 *
 * @module
 */

/** A path without the slashes at its end; the root stays what it is. */
export function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
