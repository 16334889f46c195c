/**
 * Sockets and WebSockets for other programs: the two lower layers of the relay, which know nothing of
 * Nostr. `docs/sockets.md` shows each of them at work.
 *
 * @module
 */

// What programs are made of that do not bring their own.
export { systemClock } from "./src/app/system/system_clock.ts";
export { systemRandom } from "./src/app/system/system_random.ts";
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

// What the types above are made of.
export type { Place } from "./src/base/fair_queue.ts";
export type { SharedBytes } from "./src/base/bytes.ts";
export type { Rate } from "./src/base/token_bucket.ts";
export type { ForwardedTrust } from "./src/net/address/forwarded.ts";
export type { ClientPrefix } from "./src/net/address/ip_address.ts";
export type { NetworkList } from "./src/net/address/network.ts";
export type { ConnectionLimits, ConnectionOptions } from "./src/net/connection.ts";
export type { PacedReadingOptions, PaceLimits } from "./src/net/paced_reading.ts";
export type { PacedWritingOptions, WaterMarks } from "./src/net/paced_writing.ts";
export type { TrustedPeers } from "./src/net/server/acceptor.ts";
export type {
  Admission,
  AdmissionLimits,
  AdmissionRefusal,
  ClientLimits,
  Gates,
} from "./src/net/server/admission.ts";
export type { BindOptions } from "./src/net/server/bind.ts";
export type { HttpLimits } from "./src/net/server/http_conversation.ts";
export type { RequestInfo } from "./src/net/server/listen.ts";
export type {
  DropReason,
  dropReasons,
  EndingKind,
  endingKinds,
  NetCounters,
  RefusalReason,
  refusalReasons,
} from "./src/net/server/net_counters.ts";
export type { TlsGate } from "./src/net/server/tls_gate.ts";
export type { Turns } from "./src/net/turns.ts";
export type { UnreadWindowOptions } from "./src/net/unread_window.ts";
export type { BufferPool } from "./src/websocket/buffer_pool.ts";
export type { ClientHandshakeOptions } from "./src/websocket/client_handshake.ts";
export type { AgreedExtension, Extension, ExtensionRequest } from "./src/websocket/extension.ts";
export type { Fault } from "./src/websocket/fault.ts";
export type { HandshakeOptions } from "./src/websocket/handshake.ts";
export type { HandshakeFault } from "./src/websocket/handshake_fault.ts";
export type { ExtensionOffer } from "./src/websocket/header_list.ts";
export type { PieceWatch } from "./src/websocket/output_queue.ts";
export type { DeflateOptions } from "./src/websocket/permessage_deflate.ts";
export type { Protocol, ProtocolEvent, ProtocolLimits } from "./src/websocket/protocol.ts";
export type { ProtocolState } from "./src/websocket/protocol_state.ts";
export type { WebSocketUrl } from "./src/websocket/websocket_url.ts";
export type { Zlib } from "./src/websocket/zlib.ts";
