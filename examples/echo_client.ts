/**
 * A WebSocket client that says back what it hears, until the other side closes:
 * `deno task echo-client ws://127.0.0.1:9002/`. Its exit code is 0 after a clean close.
 *
 * @module
 */

import { systemClock } from "../src/app/system/system_clock.ts";
import { systemRandom } from "../src/app/system/system_random.ts";
import { silentLog } from "../src/base/log.ts";
import { connectWebSocket, defaultClientLimits } from "../src/net/client/websocket_client.ts";
import { nodeZlib } from "../src/net/zlib.ts";
import { offerDeflate } from "../src/websocket/permessage_deflate.ts";
import { echo, limits } from "./echo.ts";

const [url, ...more] = Deno.args;
if (url === undefined || more.length > 0) {
  console.error("usage: deno task echo-client ws://HOST:PORT/PATH");
  Deno.exit(2);
}

try {
  const { connection } = await connectWebSocket(url, {
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
    limits: { ...defaultClientLimits, ...limits },
    extension: offerDeflate({ zlib: nodeZlib }),
  });
  const { cause, code, reason, clean } = await echo(connection);
  console.log(`closed: ${[cause, code, reason].join(" ").trimEnd()}`);
  Deno.exit(clean ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
