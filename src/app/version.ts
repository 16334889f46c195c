/**
 * Which program this is.
 *
 * @module
 */

/** The version of the relay. A test holds it to the manifest's. */
export const version = "0.1.0";
