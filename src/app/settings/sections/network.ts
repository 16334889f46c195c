/**
 * `[network]`: listen addresses, proxies, connection limits and time-outs.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** The form of a network in CIDR notation; `network_options.ts` validates it. */
const networkFormat = {
  pattern: /^[0-9a-fA-F.:]+(?:\/\d{1,3})?$/,
  words: "an IP address or ADDRESS/BITS",
};
const networkOrUnixFormat = {
  pattern: /^(?:unix|[0-9a-fA-F.:]+(?:\/\d{1,3})?)$/,
  words: "an IP address, ADDRESS/BITS or the word unix",
};

/** Settings of the section `[network]`. */
export const networkSection = {
  title: "Where the relay listens, and how long it waits for whom.",
  settings: {
    listen: {
      type: "list",
      default: ["127.0.0.1:8080"],
      format: {
        pattern:
          /^(?:tls:)?(?:(?:\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9.-]+):(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])|unix:.+)$/,
        words: "HOST:PORT, [IPV6]:PORT, unix:/path, or tls: and one of these",
      },
      minItems: 1,
      maxItems: 64,
      description:
        "The addresses to accept connections on. Port 0 takes any free port, 0.0.0.0 is all IPv4 interfaces, [::] all interfaces of both IPv4 and IPv6.",
    },
    socket_mode: {
      type: "text",
      default: "0660",
      format: { pattern: /^0?[0-7]{3}$/, words: "an octal file mode such as 0660" },
      description: "The mode of the file of a Unix socket: who may connect to it.",
    },
    backlog: {
      type: "integer",
      default: 1_024,
      unit: "connections",
      min: 1,
      max: 65_535,
      description:
        "How many connections may wait to be accepted. The system may have a lower bound.",
      whenRaised: "Connections that the relay is too busy for wait longer instead of failing.",
    },
    reuse_port: {
      type: "boolean",
      default: false,
      description:
        "Whether several relays on this machine may listen at the same port and share its connections.",
    },
    workers: {
      type: "integer",
      default: 1,
      unit: "threads",
      min: 1,
      max: 64,
      description:
        "How many threads serve connections, each as a whole relay on the same port. More than 1 needs Linux and TCP addresses. Limits on a client hold for all of them together; limits on memory, the connections to the database and the threads for signatures are shared in equal parts. A relay that another program embeds has one.",
      whenRaised:
        "Each takes about 40 MB besides its share of the limits on memory, with memory: as much again as all events, and has at least five connections to a Postgres server.",
    },
    path: {
      type: "text",
      default: "/",
      format: { pattern: /^\/[^\s?#]*$/, words: "a path that starts with /" },
      description:
        "The path of the WebSocket endpoint, of the NIP-11 document and of the page. It is served with and without a slash at its end.",
    },
    max_connections: {
      type: "integer",
      default: 10_000,
      unit: "connections",
      min: 1,
      max: 1_000_000,
      description: "How many connections may be open at once. More are refused with HTTP 503.",
      whenRaised: "Each open connection holds memory and a file descriptor, whoever opened it.",
      reloadable: true,
    },
    max_client_connections: {
      type: "integer",
      default: 1_000,
      unit: "connections",
      min: 1,
      max: 1_000_000,
      description:
        "How many connections one IPv4 address or one IPv6 /64 may have open. More are refused with HTTP 429.",
      whenRaised: "So many fewer addresses suffice to take all of max_connections.",
      reloadable: true,
    },
    client_connection_rate: {
      type: "integer",
      default: 100,
      unit: "connections per second",
      min: 1,
      max: 1_000_000,
      description:
        "How fast one IPv4 address or one IPv6 /64 may open connections in the long run. Faster ones are refused with HTTP 429, and four times as fast ones dropped.",
      whenRaised:
        "Each new connection costs a handshake, over TLS a signature, before it has said anything.",
      reloadable: true,
    },
    client_connection_burst: {
      type: "integer",
      default: 1_000,
      unit: "connections",
      min: 1,
      max: 1_000_000,
      description:
        "How many connections one client may open at once before client_connection_rate holds.",
      whenRaised: "So many handshakes can come at the same moment from each address.",
      reloadable: true,
    },
    client_request_rate: {
      type: "integer",
      default: 50,
      unit: "requests per second",
      min: 1,
      max: 1_000_000,
      description:
        "How fast one IPv4 address or one IPv6 /64 may send plain HTTP requests in the long run: for the NIP-11 document, the page and the like. More are refused with HTTP 429.",
      whenRaised: "Each request is answered by the thread that serves all connections.",
      reloadable: true,
    },
    client_request_burst: {
      type: "integer",
      default: 500,
      unit: "requests",
      min: 1,
      max: 1_000_000,
      description:
        "How many plain HTTP requests one client may send at once before client_request_rate holds.",
      whenRaised: "So many requests can come at the same moment from each address.",
      reloadable: true,
    },
    unlimited_clients: {
      type: "list",
      default: ["127.0.0.0/8", "::1"],
      format: networkFormat,
      maxItems: 10_000,
      description:
        "Networks that are exempt from the limits for one client. Default: this machine.",
    },
    proxy_protocol_from: {
      type: "list",
      default: [],
      format: networkOrUnixFormat,
      maxItems: 1_000,
      description:
        "Networks of load balancers that open each connection with a header of the PROXY protocol, version 1 or 2. From these it is required, from others refused.",
    },
    trusted_proxies: {
      type: "list",
      default: [],
      format: networkOrUnixFormat,
      maxItems: 1_000,
      description:
        "Networks of HTTP proxies that are believed when they say whom a request comes from. Whoever is in them can claim any address.",
    },
    forwarded_header: {
      type: "choice",
      default: "x-forwarded",
      allowed: ["x-forwarded", "forwarded"],
      description:
        "The header in which trusted proxies name the client: X-Forwarded-For and X-Forwarded-Proto, or Forwarded (RFC 7239).",
    },
    allowed_origins: {
      type: "list",
      default: [],
      format: {
        pattern: /^https?:\/\/[^\s\/]+$/,
        words: "an origin such as https://client.example",
      },
      maxItems: 1_000,
      description:
        "The web pages that may connect, by origin; from elsewhere a browser is refused. Nothing means any page, as Nostr clients are. Programs send no origin and are never refused by this.",
      reloadable: true,
    },
    max_header_bytes: {
      type: "integer",
      default: 16_384,
      unit: "bytes",
      min: 1_024,
      max: 1_048_576,
      description: "The longest head of an HTTP request. Longer ones are refused with HTTP 431.",
      whenRaised: "Each request that is not yet complete can make the relay hold that much.",
      reloadable: true,
    },
    compression: {
      type: "boolean",
      default: true,
      description:
        "Whether messages are compressed for clients that ask for it. Saves a third of what is sent. It takes some 15 microseconds an event: once for all its listeners, and again for each query that it answers.",
    },
    ping_interval_s: {
      type: "integer",
      default: 30,
      unit: "seconds",
      min: 1,
      max: 3600,
      description: "How often the relay pings each connection.",
      whenRaised: "Proxies on the way drop quiet connections, and dead ones are noticed later.",
      reloadable: true,
    },
    idle_timeout_s: {
      type: "integer",
      default: 60,
      unit: "seconds",
      min: 2,
      max: 7200,
      description: "A connection that sent nothing for this long, not even a pong, is closed.",
      whenRaised: "A peer that vanished keeps its place, its subscriptions and its memory longer.",
      reloadable: true,
    },
    handshake_timeout_ms: {
      type: "integer",
      default: 10_000,
      unit: "milliseconds",
      min: 100,
      max: 120_000,
      description:
        "How long a connection may take to send an HTTP request, a kept one its next, and to take the answer to it.",
      whenRaised:
        "Connections that never finish their request, or do not read the answer, stay open longer, at no cost to who opens them.",
    },
    close_timeout_ms: {
      type: "integer",
      default: 5_000,
      unit: "milliseconds",
      min: 0,
      max: 60_000,
      description: "How long a peer may take to answer a closing handshake.",
      whenRaised: "A peer that was told to go keeps its socket longer by not answering.",
    },
    shutdown_timeout_ms: {
      type: "integer",
      default: 10_000,
      unit: "milliseconds",
      min: 0,
      max: 600_000,
      description:
        "How long a relay that was told to stop waits for its connections and its queries.",
      whenRaised: "One peer that does not read can hold up a restart for that long.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
