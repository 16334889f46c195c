/**
 * Programs that a test needs and a machine may not have.
 *
 * @module
 */

/** Whether a program is there: it is asked for its version. */
export function isInstalled(program: string, versionFlag = "--version"): boolean {
  try {
    return new Deno.Command(program, { args: [versionFlag], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
