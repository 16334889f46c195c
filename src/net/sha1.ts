/**
 * SHA-1 by the runtime, for the opening handshake of the `websocket` room.
 *
 * @module
 */

import { hash } from "node:crypto";
import type { Sha1 } from "../websocket/handshake.ts";

/**
 * The SHA-1 digest of `bytes`. It proves that the server has read the client's key and protects
 * nothing, so SHA-1's known collisions do no harm.
 *
 * @example
 * ```ts
 * import { nodeSha1 } from "./sha1.ts";
 * import { equal } from "node:assert/strict";
 *
 * const digest = nodeSha1(new TextEncoder().encode("abc"));
 * equal(digest.toHex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
 * ```
 */
export const nodeSha1: Sha1 = (bytes) => hash("sha1", bytes, "buffer");
