/**
 * Sockets and WebSockets for other programs: the two lower layers of the relay, which know nothing of
 * Nostr. `docs/sockets.md` shows each of them at work.
 *
 * @module
 */

// What programs are made of that do not bring their own.
export { systemClock } from "./src/app/system_clock.ts";
export { systemRandom } from "./src/app/system_random.ts";
export type { Clock, Timer } from "./src/base/clock.ts";
export { type Log, type LogFields, silentLog } from "./src/base/log.ts";
export type { Random } from "./src/base/random.ts";

// Sockets.
export {
  acceptSockets,
  type AcceptSocketsOptions,
  type SocketServer,
} from "./src/net/server/accept_sockets.ts";
export type { PeerIdentity, SocketPeer } from "./src/net/server/acceptor.ts";
export type { TlsIdentity, TlsMaterial } from "./src/net/server/tls_gate.ts";
export {
  dial,
  DialFailed,
  type Dialled,
  type DialOptions,
  type HostAddress,
  type Resolve,
} from "./src/net/client/dial.ts";
export { type DialTarget, parseDialTarget } from "./src/net/client/dial_target.ts";
export {
  BufferedReader,
  defaultReaderLimits,
  type ReaderLimits,
  ReadFailed,
} from "./src/net/buffered_reader.ts";
export {
  type Datagram,
  type DatagramLimits,
  DatagramSocket,
  defaultDatagramLimits,
} from "./src/net/datagram.ts";
export type { ByteStream, StreamError } from "./src/net/byte_stream.ts";

// Addresses.
export { formatIpAddress, type IpAddress, parseIpAddress } from "./src/net/address/ip_address.ts";
export { type ListenAddress, parseListenAddress } from "./src/net/address/listen_address.ts";
export { type InterfaceAddress, primaryAddress } from "./src/net/address/primary_address.ts";

// WebSockets.
export {
  type ConnectionInfo,
  defaultListenLimits,
  listen,
  type Listener,
  type ListenLimits,
  type ListenOptions,
} from "./src/net/server/listen.ts";
export { Connection, type ConnectionEvents } from "./src/net/connection.ts";
export type { Ending } from "./src/net/ending.ts";
export {
  connectWebSocket,
  defaultClientLimits,
  HandshakeFailed,
  type OpenedWebSocket,
  openWebSocket,
  type WebSocketClientLimits,
  type WebSocketClientOptions,
} from "./src/net/client/websocket_client.ts";
export {
  defaultLastingLimits,
  LastingConnection,
  type LastingConnectionLimits,
  type LastingConnectionOptions,
} from "./src/net/client/lasting_connection.ts";
export { acceptDeflate, offerDeflate } from "./src/websocket/permessage_deflate.ts";
export { nodeZlib } from "./src/net/zlib.ts";
export type { Message } from "./src/websocket/message_assembler.ts";
