/**
 * The client's side of the opening handshake, without a socket: makes the request and checks the response.
 *
 * @see RFC 6455 §4.1
 * @module
 */

import { assert } from "../base/assert.ts";
import { concat, utf8 } from "../base/bytes.ts";
import type { Random } from "../base/random.ts";
import type { Extension, ExtensionRequest } from "./extension.ts";
import { acceptFor, type Sha1 } from "./handshake.ts";
import { type HandshakeFault, handshakeFaults } from "./handshake_fault.ts";
import { hasMember, isToken, parseExtensions } from "./header_list.ts";
import { decodeResponseHead, type ResponseHead } from "./response_head.ts";

/** The options of a {@link ClientHandshake}. */
export interface ClientHandshakeOptions {
  /** The value of `Host`. */
  readonly authority: string;
  /** The path and query. */
  readonly target: string;
  /** Makes the key. */
  readonly random: Random;
  /** The subprotocols that are offered, favourite first. */
  readonly subprotocols?: readonly string[] | undefined;
  /** The extension that is offered. */
  readonly extension?: ExtensionRequest | undefined;
  /** Further headers of the request, such as `Origin` or `User-Agent`. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
  /** The longest head of a response, in bytes; {@link defaultMaxHeadBytes} if not given. */
  readonly maxHeadBytes?: number | undefined;
}

/** A response that accepts the handshake. */
export interface AcceptedHandshake {
  readonly type: "accepted";
  /** The one that the server chose, if it did. */
  readonly subprotocol: string | undefined;
  readonly extension: Extension | undefined;
  /** Bytes read behind the response: the first frames. */
  readonly rest: Uint8Array;
}

/** The limit that servers have for a request. */
const defaultMaxHeadBytes = 16 * 1024;

const nothing = new Uint8Array(0);

/** One attempt at a handshake. After an answer it must not be asked again. */
export class ClientHandshake {
  /** The bytes to send. */
  readonly request: Uint8Array;
  readonly #options: ClientHandshakeOptions;
  readonly #key: string;
  readonly #sha1: Sha1;
  #received: Uint8Array = nothing;

  constructor(options: ClientHandshakeOptions, sha1: Sha1) {
    this.#options = options;
    this.#sha1 = sha1;
    // §4.1 item 7: "a randomly selected 16-byte value", fresh for each connection.
    this.#key = options.random.bytes(16).toBase64();
    this.request = encodeRequest(options, this.#key);
  }

  /** Takes the bytes of one read: undefined while the response goes on, else what it comes to. */
  receive(bytes: Uint8Array): AcceptedHandshake | HandshakeFault | undefined {
    const { maxHeadBytes = defaultMaxHeadBytes } = this.#options;
    this.#received = concat([this.#received, bytes]);
    let head = decodeResponseHead(this.#received, maxHeadBytes);
    // RFC 9110 §15.2: a client must bear responses that only announce the one it waits for.
    while (head?.type === "head" && head.status < 200 && head.status !== 101) {
      this.#received = this.#received.subarray(head.headBytes);
      head = decodeResponseHead(this.#received, maxHeadBytes);
    }
    return head?.type === "head" ? this.#judge(head) : head;
  }

  /** The requirements of §4.1 on the response, in its order. */
  #judge(head: ResponseHead): AcceptedHandshake | HandshakeFault {
    const header = (name: string) => head.headers.get(name);
    if (head.status !== 101) return statusFault(head);
    if (header("upgrade")?.toLowerCase() !== "websocket") return handshakeFaults.missingUpgrade;
    if (!hasMember(header("connection") ?? "", "upgrade")) return handshakeFaults.missingConnection;
    if (header("sec-websocket-accept") !== acceptFor(this.#key, this.#sha1)) {
      return handshakeFaults.wrongAccept;
    }

    const extension = this.#agreedExtension(header("sec-websocket-extensions"));
    if (extension === "wrong") return handshakeFaults.wrongExtension;
    const subprotocol = header("sec-websocket-protocol");
    const offered = this.#options.subprotocols ?? [];
    if (subprotocol !== undefined && !offered.includes(subprotocol)) {
      return handshakeFaults.wrongSubprotocol;
    }
    const rest = this.#received.subarray(head.headBytes);
    return { type: "accepted", subprotocol, extension, rest };
  }

  /** §4.1 item 5: what was not asked for must not be granted. Nothing may be. */
  #agreedExtension(value: string | undefined): Extension | undefined | "wrong" {
    const answers = parseExtensions(value ?? "");
    if (answers?.length === 0) return undefined;
    const accepted = answers === undefined ? undefined : this.#options.extension?.accept(answers);
    return accepted ?? "wrong";
  }
}

function statusFault({ status, headers }: ResponseHead): HandshakeFault {
  const location = headers.get("location");
  const redirects = 300 <= status && status < 400 && location !== undefined;
  return redirects
    ? { ...handshakeFaults.redirect, status, location }
    : { ...handshakeFaults.unexpectedStatus, status };
}

/** §4.1, the requirements on the request. */
function encodeRequest(options: ClientHandshakeOptions, key: string): Uint8Array {
  const { authority, target, subprotocols = [], extension, headers = [] } = options;
  assert(subprotocols.every(isToken), "subprotocols are tokens");
  assert(new Set(subprotocols).size === subprotocols.length, "subprotocols are told apart");
  const all: (readonly [string, string])[] = [
    ["Host", authority],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", key],
    ["Sec-WebSocket-Version", "13"],
  ];
  if (subprotocols.length > 0) all.push(["Sec-WebSocket-Protocol", subprotocols.join(", ")]);
  if (extension !== undefined) all.push(["Sec-WebSocket-Extensions", extension.header]);
  const lines = [...all, ...headers].map(([name, value]) => {
    assert(isToken(name) && /^[\t\x20-\x7e]*$/.test(value), "a header is one line of text");
    return `${name}: ${value}\r\n`;
  });
  assert(/^\/[!-~]*$/.test(target), "a target is a path without spaces");
  return utf8(`GET ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
}
