/**
 * A WebSocket server that says back what it hears: `deno task echo --listen 127.0.0.1:9001`.
 *
 * @module
 */

import { systemClock } from "../src/app/system/system_clock.ts";
import { silentLog } from "../src/base/log.ts";
import { defaultListenLimits, listen } from "../src/net/server/listen.ts";
import { parseListenAddress } from "../src/net/address/listen_address.ts";
import { nodeZlib } from "../src/net/zlib.ts";
import { acceptDeflate } from "../src/websocket/permessage_deflate.ts";
import { echo, limits } from "./echo.ts";

const [flag = "--listen", address = "127.0.0.1:9001", ...more] = Deno.args;
const at = parseListenAddress(address);
if (flag !== "--listen" || at === undefined || more.length > 0) {
  console.error("usage: deno task echo --listen HOST:PORT");
  Deno.exit(2);
}

const listener = await listen({
  at,
  clock: systemClock,
  log: silentLog,
  limits: { ...defaultListenLimits, ...limits },
  chooseExtension: acceptDeflate({ zlib: nodeZlib }),
  onConnection: echo,
  onRequest: () => new Response("This server speaks WebSocket.\n", { status: 426 }),
});
console.log(`listening on ${listener.url}`);
