/**
 * Relays in one process that mirror each other.
 *
 * @module
 */

import { setTimeout as later } from "node:timers/promises";
import { RelayHost } from "../../src/app/relay_host.ts";
import { loadSettings, problemLine } from "../../src/app/settings/load_settings.ts";
import type { Settings } from "../../src/app/settings/setting_list.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Policy } from "../../src/relay/access/policy.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { RelayClient } from "./relay_client.ts";
import { RelayLink } from "./relay_link.ts";

/** One relay. */
export interface MirroredRelay {
  readonly host: RelayHost;
  readonly url: string;
  readonly client: RelayClient;
  /** How often each event was delivered to a subscriber. */
  readonly delivered: Map<string, number>;
}

/** A mirror of the relay `from`, as in its settings. */
export interface MirrorOf {
  readonly from: number;
  readonly to: number;
  readonly direction?: "down" | "up" | "both";
  readonly filter?: object;
}

/** Relays, their links, and how to get rid of them. */
export class MirroredRelays implements AsyncDisposable {
  readonly relays: MirroredRelay[] = [];
  /** In the order of the mirrors. */
  readonly links: RelayLink[] = [];

  /** Starts `count` relays in memory. */
  static async start(
    count: number,
    mirrors: readonly MirrorOf[],
    { log = silentLog, settings = {} }: {
      readonly log?: Log;
      readonly settings?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<MirroredRelays> {
    const all = new MirroredRelays();
    for (const _ of mirrors) all.links.push(new RelayLink());
    for (let at = 0; at < count; at++) {
      const relay = mirrors.flatMap(({ from, to: _to, filter, ...mirror }, number) =>
        from !== at ? [] : [{
          ...mirror,
          url: all.links[number]!.url,
          ...filter && { filter: JSON.stringify(filter) },
        }]
      );
      const host = await startHost({ "mirrors.relay": JSON.stringify(relay), ...settings }, log);
      const url = await host.listen("127.0.0.1:0");
      const client = await RelayClient.connect(url);
      const delivered = new Map<string, number>();
      client.follow((id) => delivered.set(id, (delivered.get(id) ?? 0) + 1));
      all.relays.push({ host, url, client, delivered });
      // Mirrors connect as soon as there is somebody to connect to.
      for (const [number, { to }] of mirrors.entries()) {
        if (to === at) all.links[number]!.target = url;
      }
    }
    return all;
  }

  /** The ids of all that a relay has stored. */
  async idsAt(at: number): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for await (const rows of this.relays[at]!.host.query([{ tags: new Map() }])) {
      for (const { id } of rows) ids.add(id);
    }
    return ids;
  }

  /** Waits until a condition holds; gives up after half a minute, or the given time. */
  until(holds: () => boolean | Promise<boolean>, timeoutMs?: number): Promise<boolean> {
    return until(holds, timeoutMs);
  }

  /** Waits until all relays have the same, and these events among them. */
  converge(ids: Iterable<string>, timeoutMs?: number): Promise<boolean> {
    const wanted = new Set(ids);
    return this.until(async () => {
      for (const at of this.relays.keys()) {
        if (wanted.symmetricDifference(await this.idsAt(at)).size > 0) return false;
      }
      return true;
    }, timeoutMs);
  }

  /** Waits until every mirror is connected. */
  connected(): Promise<boolean> {
    return this.until(() =>
      this.relays.every(({ host }) => host.mirrors.every(({ counters }) => counters.connected))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.relays) await client.close();
    await Promise.all(this.relays.map(({ host }) => host.close()));
    for (const link of this.links) await link[Symbol.asyncDispose]();
  }
}

/** Waits until a condition holds; false after half a minute, or the given time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<boolean> {
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs;) {
    if (await holds()) return true;
    await later(20);
  }
  return false;
}

/** A ring: each relay mirrors the next one both ways. */
export function ringOf(count: number): readonly MirrorOf[] {
  return Array.from({ length: count }, (_, from) => ({
    ...{ from, to: (from + 1) % count, direction: "both" as const },
  }));
}

/** A full mesh: one mirror both ways between any two relays. */
export function meshOf(count: number): readonly MirrorOf[] {
  return Array.from(
    { length: count },
    (_, from) =>
      Array.from({ length: from }, (_, to) => ({ from, to, direction: "both" as const })),
  ).flat();
}

/** Starts a relay in memory whose mirrors come back within a second. */
export async function startHost(
  values: Readonly<Record<string, string>>,
  log: Log = silentLog,
  policies: readonly Policy[] = [],
): Promise<RelayHost> {
  const settings = hostSettings(values);
  const store = new MemoryStore();
  return await RelayHost.start({ settings, store, clock: systemClock, log, policies });
}

/** The settings of {@link startHost}. */
export function hostSettings(values: Readonly<Record<string, string>>): Settings {
  const usual = {
    "signatures.engine": "noble",
    "signatures.workers": "0",
    "mirrors.max_retry_s": "1",
    "limits.max_limit": "5000",
  };
  const flags = Object.entries({ ...usual, ...values })
    .map(([name, text]) => ({ flag: "--set", name, text }));
  const loaded = loadSettings({ flags });
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.settings;
}
