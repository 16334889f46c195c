/**
 * `[network]`: where the relay listens, and how long it waits.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[network]`. */
export const networkSection = {
  title: "Where the relay listens, and how long it waits for whom.",
  settings: {
    listen: {
      type: "list",
      default: ["127.0.0.1:8080"],
      format: {
        pattern:
          /^(?:\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9.-]+):(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$|^unix:.+$/,
        words: "HOST:PORT, [IPV6]:PORT or unix:/path",
      },
      minItems: 1,
      maxItems: 64,
      description: "The addresses to accept connections on. Port 0 takes any free port.",
      reloadable: false,
    },
    path: {
      type: "text",
      default: "/",
      format: { pattern: /^\/[^\s?#]*$/, words: "a path that starts with /" },
      description: "The path of the WebSocket endpoint.",
      reloadable: false,
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
    compression: {
      type: "boolean",
      default: true,
      description:
        "Whether messages are compressed for clients that ask for it. Saves a third of what is sent; an event costs some 15 microseconds, once for all its listeners.",
      reloadable: false,
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
      description: "How long a new connection may take to send its HTTP request.",
      whenRaised:
        "Connections that never finish their request stay open longer, at no cost to who opens them.",
      reloadable: false,
    },
    close_timeout_ms: {
      type: "integer",
      default: 5_000,
      unit: "milliseconds",
      min: 0,
      max: 60_000,
      description: "How long a peer may take to answer a closing handshake.",
      whenRaised: "A peer that was told to go keeps its socket longer by not answering.",
      reloadable: true,
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
