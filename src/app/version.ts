/**
 * The version of the program.
 *
 * @module
 */

/** The version of the relay. A test compares it with the manifest. */
export const version = "0.1.0";
