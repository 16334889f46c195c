/**
 * The exit codes of the program.
 *
 * @module
 */

/** Every exit code that the program returns deliberately. */
export const exitCode = {
  /** Success; for a relay, it ran until it was told to stop and shut down. */
  done: 0,
  /** The work failed: a file unreadable, an address in use, a database unreachable. */
  failed: 1,
  /** The command line or the settings are wrong; no work was started. */
  misused: 2,
  /** Interrupted with work left undone: 128 + SIGINT, as shells report it. */
  interrupted: 130,
} as const;

/** One of {@link exitCode}. */
export type ExitCode = typeof exitCode[keyof typeof exitCode];
