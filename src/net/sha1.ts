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
 */
export const nodeSha1: Sha1 = (bytes) => hash("sha1", bytes, "buffer");
