/**
 * Which program this is.
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };

/** The version of the relay, as its manifest has it. */
export const version: string = manifest.version;
