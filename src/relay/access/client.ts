/**
 * Who is at the other end of a connection.
 *
 * @module
 */

/** What a client's handshake said. */
export interface Handshake {
  /** The URL that it connected to, as its `Host` header has it: `wss://relay.example/`. */
  readonly url?: string;
  /** The web page that connects, in a browser. */
  readonly origin?: string;
  /** The program that connects, as it calls itself. */
  readonly userAgent?: string;
}

/** A client, as far as the relay knows it. */
export interface Client extends Handshake {
  /** An IP address, or `unix`. */
  readonly address: string;
  /** The public keys that it proved to hold, as 64 hex digits. They hold until the connection ends. */
  readonly keys: ReadonlySet<string>;
}

/**
 * The client of one connection.
 *
 * @see NIP-42 "a client may authenticate multiple public keys"
 */
export class ConnectedClient implements Client {
  readonly address: string;
  readonly url?: string;
  readonly origin?: string;
  readonly userAgent?: string;
  #keys: Set<string> | undefined = undefined;

  constructor(address: string, { url, origin, userAgent }: Handshake = {}) {
    this.address = address;
    // What is not known takes no room in each of thousands of connections.
    if (url !== undefined) this.url = url;
    if (origin !== undefined) this.origin = origin;
    if (userAgent !== undefined) this.userAgent = userAgent;
  }

  get keys(): ReadonlySet<string> {
    return this.#keys ?? NO_KEYS;
  }

  /** Takes note of a key that it holds. */
  authenticate(key: string): void {
    this.#keys ??= new Set();
    this.#keys.add(key);
  }
}

const NO_KEYS: ReadonlySet<string> = new Set();
