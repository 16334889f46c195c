/**
 * How the program ends, for scripts.
 *
 * @module
 */

/** Every exit code that the program uses on purpose. */
export const exitCode = {
  /** It did what it was asked; for a relay: it ran until it was told to stop, and stopped. */
  done: 0,
  /** It tried and could not: a file could not be read, an address not be had, a database not be reached. */
  failed: 1,
  /** The command line or the settings are wrong, and nothing was tried. */
  misused: 2,
  /** It was interrupted and left work undone: what a shell shows for SIGINT. */
  interrupted: 130,
} as const;

/** A code out of {@link exitCode}. */
export type ExitCode = typeof exitCode[keyof typeof exitCode];
