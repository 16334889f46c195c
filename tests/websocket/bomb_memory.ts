/**
 * What a message that inflates to 50 MB costs a receiver that takes less: run by
 * permessage_deflate_test.ts in a process of its own, because memory is counted by the process. Prints
 * the growth in bytes.
 */

import { constants, deflateRawSync } from "node:zlib";
import { nodeZlib } from "../../src/net/zlib.ts";
import { PermessageDeflate } from "../../src/websocket/permessage_deflate.ts";

const deflate = new PermessageDeflate({ zlib: nodeZlib, windowBits: 15 });
const bomb = deflateRawSync(new Uint8Array(50_000_000), { finishFlush: constants.Z_SYNC_FLUSH });
const before = Deno.memoryUsage().rss;
const message = deflate.decode(bomb.subarray(0, -4), 100_000);
if (message instanceof Uint8Array) throw new Error("the bomb was taken");
console.log(Deno.memoryUsage().rss - before);
