/**
 * The kinds of database that a URL can name.
 *
 * @module
 */

/** By the beginning of the URL. */
export type DatabaseKind = "memory" | "pglite" | "managed" | "postgres";

/** The kind of a database URL that the settings take. */
export function databaseKind(url: string): DatabaseKind {
  const [scheme = ""] = url.split(":", 1);
  return scheme === "memory" || scheme === "pglite" || scheme === "managed" ? scheme : "postgres";
}

/** The directory of an embedded database; undefined for any other URL. */
export function embeddedDirectory(url: string): string | undefined {
  return /^(?:pglite|managed):(.+)$/.exec(url)?.[1];
}
