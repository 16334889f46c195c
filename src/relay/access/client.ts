/**
 * What the relay knows of the client of a connection.
 *
 * @module
 */

/** What the WebSocket handshake said of a client. */
export interface Handshake {
  /** The URL it connected to, from its `Host` header: `wss://relay.example/`. */
  readonly url?: string;
  /** The `Origin` header: the web page that opened the connection. */
  readonly origin?: string;
  /** The `User-Agent` header. */
  readonly userAgent?: string;
}

/** The client of a connection, as policies see it. */
export interface Client extends Handshake {
  /** An IP address, or `unix`. */
  readonly address: string;
  /**
   * The network by which connections count as one client, an IPv4 address or an IPv6 /64; undefined
   * where the limits for one client do not apply.
   */
  readonly network?: string;
  /** The public keys that it has authenticated on this connection, as 64 hex digits. */
  readonly keys: ReadonlySet<string>;
}

/**
 * The client of one connection, with the keys it authenticates.
 *
 * @see NIP-42 "a client may authenticate multiple public keys"
 */
export class ConnectedClient implements Client {
  readonly address: string;
  readonly network?: string;
  readonly url?: string;
  readonly origin?: string;
  readonly userAgent?: string;
  #keys: Set<string> | undefined = undefined;

  constructor(
    address: string,
    { url, origin, userAgent }: Handshake = {},
    network: string | undefined = undefined,
  ) {
    this.address = address;
    // Undefined fields are left out: a property takes memory in each of thousands of connections.
    if (network !== undefined) this.network = network;
    if (url !== undefined) this.url = url;
    if (origin !== undefined) this.origin = origin;
    if (userAgent !== undefined) this.userAgent = userAgent;
  }

  get keys(): ReadonlySet<string> {
    return this.#keys ?? NO_KEYS;
  }

  /** Adds a key that the client has authenticated. */
  authenticate(key: string): void {
    this.#keys ??= new Set();
    this.#keys.add(key);
  }
}

const NO_KEYS: ReadonlySet<string> = new Set();
