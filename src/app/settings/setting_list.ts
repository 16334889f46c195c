/**
 * Collects the sections into the list of all settings.
 *
 * @module
 */

import type { Setting, SettingSection, SettingValue, ValueOf } from "./setting.ts";
import { accessSection } from "./sections/access.ts";
import { cacheSection } from "./sections/cache.ts";
import { databaseSection } from "./sections/database.ts";
import { filtersSection } from "./sections/filters.ts";
import { limitsSection } from "./sections/limits.ts";
import { logSection } from "./sections/log.ts";
import { metricsSection } from "./sections/metrics.ts";
import { mirrorsSection } from "./sections/mirrors.ts";
import { networkSection } from "./sections/network.ts";
import { pluginsSection } from "./sections/plugins.ts";
import { relayListsSection } from "./sections/relay_lists.ts";
import { relaySection } from "./sections/relay.ts";
import { retentionSection } from "./sections/retention.ts";
import { searchSection } from "./sections/search.ts";
import { signaturesSection } from "./sections/signatures.ts";
import { syncSection } from "./sections/sync.ts";
import { tlsSection } from "./sections/tls.ts";

/** The sections in the order of the configuration file. */
export const settingSections = {
  relay: relaySection,
  network: networkSection,
  tls: tlsSection,
  database: databaseSection,
  cache: cacheSection,
  limits: limitsSection,
  filters: filtersSection,
  access: accessSection,
  plugins: pluginsSection,
  search: searchSection,
  retention: retentionSection,
  sync: syncSection,
  mirrors: mirrorsSection,
  relay_lists: relayListsSection,
  signatures: signaturesSection,
  log: logSection,
  metrics: metricsSection,
} as const satisfies Readonly<Record<string, SettingSection>>;

/** The value of every setting, under the names of the configuration file. */
export type Settings = {
  readonly [Section in keyof typeof settingSections]: {
    readonly [Key in keyof typeof settingSections[Section]["settings"]]: ValueOf<
      typeof settingSections[Section]["settings"][Key]
    >;
  };
};

/** Two integer settings of which one must not exceed the other. */
interface SettingRelation {
  readonly larger: string;
  readonly smaller: string;
  /** Whether the two may be equal. */
  readonly orEqual: boolean;
  /** The consequence, as the end of a sentence that starts with "or". */
  readonly otherwise: string;
}

/** The relations that must hold. */
export const settingRelations: readonly SettingRelation[] = [
  {
    larger: "network.idle_timeout_s",
    smaller: "network.ping_interval_s",
    orEqual: false,
    otherwise: "connections end before their first ping",
  },
  {
    larger: "limits.max_message_bytes",
    smaller: "limits.max_event_bytes",
    orEqual: true,
    otherwise: "the largest events allowed never arrive",
  },
  {
    larger: "limits.max_pending_bytes",
    smaller: "limits.max_event_bytes",
    orEqual: true,
    otherwise: "the largest events allowed never fit",
  },
  {
    larger: "limits.max_queued_bytes",
    smaller: "limits.high_water_bytes",
    orEqual: false,
    otherwise: "stored events alone close a connection",
  },
  {
    larger: "limits.max_limit",
    smaller: "limits.default_limit",
    orEqual: true,
    otherwise: "a filter without a limit gets more than one with",
  },
];

/** Every setting by its full name, `section.key`, in the order of the configuration file. */
export const settingByName: ReadonlyMap<string, Setting> = new Map(
  Object.entries(settingSections).flatMap(([section, { settings }]) =>
    Object.entries(settings).map(([key, setting]): [string, Setting] => [
      `${section}.${key}`,
      setting,
    ])
  ),
);

/** The defaults overridden by `values`, by full name. The values must be valid. */
export function settingsWith(values: ReadonlyMap<string, SettingValue>): Settings {
  const settings: Record<string, Record<string, SettingValue>> = {};
  for (const [section, { settings: table }] of Object.entries(settingSections)) {
    const named = Object.entries(table).map(([key, setting]: [string, Setting]) => [
      key,
      values.get(`${section}.${key}`) ?? setting.default,
    ]);
    settings[section] = Object.freeze(Object.fromEntries(named));
  }
  // The loop above covers the table from which the type is derived.
  return Object.freeze(settings) as Settings;
}

/** The same settings with another database; `database.direct_url` is of the one that was set. */
export function settingsOn(url: string, settings: Settings): Settings {
  const { database } = settings;
  const direct_url = url === database.url ? database.direct_url : "";
  return { ...settings, database: { ...database, url, direct_url } };
}

/** The value of every setting by its full name: the inverse of {@link settingsWith}. */
export function settingValues(settings: Settings): ReadonlyMap<string, SettingValue> {
  return new Map(
    Object.entries(settings).flatMap(([section, values]) =>
      Object.entries(values).map(([key, value]): [string, SettingValue] => [
        `${section}.${key}`,
        value,
      ])
    ),
  );
}

/** All settings at their defaults. */
export const defaultSettings: Settings = settingsWith(new Map());
