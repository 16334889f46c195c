/**
 * Translates the `config.toml` of nostr-rs-relay. The names and meanings are those of its version 0.9.
 *
 * @module
 */

import { isTomlTable, parseToml, type TomlTable } from "../settings/load_settings.ts";
import { tomlLines } from "../settings/toml_lines.ts";
import {
  applyRules,
  contact,
  except,
  type ForeignSetting,
  key,
  listenAddress,
  nothing,
  pingInterval,
  type ReadForeign,
  type Rule,
  to,
  Translation,
} from "./translation.ts";

/** Translates the text of a `config.toml` of nostr-rs-relay. */
export function translateNostrRsRelay(text: string): ReadForeign {
  const parsed = parseToml(text);
  if ("fault" in parsed) return parsed;
  const settings = settingsOf(text, parsed.table);
  const into = new Translation();
  listen(settings, into);
  verifiedUsers(settings, into);
  const isPaid = valueOf(settings, "pay_to_relay.enabled") === true;
  for (const setting of settings) {
    if (isPaid && setting.name.startsWith("pay_to_relay.")) into.note(setting, NO_PAYMENT);
  }
  applyRules(settings.filter(({ name }) => !handled.test(name)), rules, into);
  return into.finish();
}

/** What takes several settings together. */
const handled = /^(?:network\.(?:address|port)|verified_users\..*|pay_to_relay\..*)$/;

const NO_PAYMENT = "there is no payment here; a plugin can ask another program who has paid";
const OTHER_DATABASE =
  "the tables here are others, in a database of their own (database.url): see docs/operations.md " +
  "for how the events come here";
const QUEUES = "queues are bounded for each connection here, under [limits]";
const NEVER_USED = "nostr-rs-relay never did anything with it; [retention] says here what is kept";
const NO_KIND =
  'no kind is left, and an empty list takes all: access.writers = "nobody" takes none';
const PAGE = "the relay's page for browsers is its own";
const STDERR = "the log goes to standard error here, for the service manager to keep";
const POOL = "database.pool_size bounds the connections to a server here";

const rules: Readonly<Record<string, Rule>> = {
  "info.relay_url": to("relay.url"),
  "info.name": to("relay.name"),
  "info.description": to("relay.description"),
  "info.pubkey": except([""], to("relay.pubkey", key)),
  "info.contact": except([""], to("relay.contact", contact)),
  "info.relay_icon": except([""], to("relay.icon")),
  "info.favicon": nothing(PAGE),
  "info.relay_page": nothing(PAGE),
  "diagnostics.tracing": nothing("[metrics] has figures instead", [false]),
  "database.engine": nothing(OTHER_DATABASE),
  "database.data_directory": nothing(OTHER_DATABASE),
  "database.connection": nothing(OTHER_DATABASE, [""]),
  "database.connection_write": nothing(OTHER_DATABASE, [""]),
  "database.in_memory": (from, into) => {
    if (from.value === true) into.set(from, "database.url", "memory:");
  },
  "database.min_conn": nothing(POOL),
  "database.max_conn": nothing(POOL),
  "logging.folder_path": nothing(STDERR),
  "logging.file_prefix": nothing(STDERR),
  "grpc.event_admission_server": nothing("plugins.commands names a program that is asked instead"),
  "grpc.restricts_write": nothing("the information document follows from the settings", [false]),
  "network.remote_ip_header": nothing(
    "headers are taken from proxies that network.trusted_proxies names: name yours there, and " +
      "have it send X-Forwarded-For or Forwarded (network.forwarded_header)",
  ),
  "network.ping_interval": pingInterval,
  "network.ping_interval_seconds": pingInterval,
  "options.reject_future_seconds": to("limits.created_at_upper_limit_s"),
  "limits.messages_per_sec": nothing(
    "it bounds all clients together; limits.client_event_rate bounds each of them here",
    [0],
  ),
  "limits.subscriptions_per_min": nothing("limits.client_req_rate is the nearest here", [0]),
  "limits.db_conns_per_client": nothing("limits.max_concurrent_queries is the nearest", [0]),
  "limits.max_blocking_threads": nothing(POOL),
  "limits.max_event_bytes": except([0], to("limits.max_event_bytes")),
  "limits.max_ws_message_bytes": except([0], to("limits.max_message_bytes")),
  "limits.max_ws_frame_bytes": except([0], to("limits.max_frame_bytes")),
  "limits.broadcast_buffer": nothing(QUEUES),
  "limits.event_persist_buffer": nothing(QUEUES),
  "limits.event_kind_blacklist": kinds("access.banned_kinds"),
  "limits.event_kind_allowlist": kinds("access.allowed_kinds"),
  "limits.limit_scrapers": nothing(
    "access.broad_filters = false refuses filters that name nothing at all; a plugin can do more",
    [false],
  ),
  "authorization.pubkey_whitelist": (from, into) => {
    const { value } = from;
    into.set(from, "access.writers", "members");
    into.set(from, "access.members", Array.isArray(value) ? value.map(key) : value);
  },
  "authorization.nip42_auth": nothing("clients may always authenticate here", [true]),
  "authorization.nip42_dms": nothing(
    "access.private_kinds are for whom they concern here; an empty list would show them to all",
    [true],
  ),
  "retention.max_events": nothing(NEVER_USED),
  "retention.max_bytes": nothing(NEVER_USED),
  "retention.persist_days": nothing(NEVER_USED),
  "retention.whitelist_addresses": nothing(NEVER_USED),
};

/** A list of kinds; those that are none are noted and left out. */
function kinds(name: string): Rule {
  return (from, into) => {
    const { value } = from;
    if (!Array.isArray(value)) return into.set(from, name, value);
    const isKind = (kind: unknown) =>
      Number.isInteger(kind) && Number(kind) >= 0 && Number(kind) <= 65_535;
    for (const other of value.filter((kind) => !isKind(kind))) {
      into.note(from, `${JSON.stringify(other)} is no kind: they go from 0 to 65535`);
    }
    const left = value.filter(isKind).map(String);
    if (left.length > 0) into.set(from, name, left);
    else if (name === "access.allowed_kinds") into.note(from, NO_KIND);
  };
}

function listen(settings: readonly ForeignSetting[], into: Translation): void {
  const address = settings.find(({ name }) => name === "network.address");
  const port = settings.find(({ name }) => name === "network.port");
  const from = address ?? port;
  if (from === undefined) return;
  const text = listenAddress(address?.value ?? "0.0.0.0", port?.value ?? 8080);
  into.set(from, "network.listen", [text]);
}

/** Verified users of some domains are members; nothing else has a counterpart. */
function verifiedUsers(settings: readonly ForeignSetting[], into: Translation): void {
  const mode = valueOf(settings, "verified_users.mode") ?? "disabled";
  if (mode === "disabled") return;
  for (const from of settings) {
    if (!from.name.startsWith("verified_users.")) continue;
    if (from.name === "verified_users.domain_whitelist" && mode === "enabled") {
      into.set(from, "access.writers", "members");
      into.set(from, "access.member_domains", from.value);
    } else if (from.name !== "verified_users.mode") {
      into.note(from, "the nearest is access.member_domains: who has a name there is a member");
    } else if (valueOf(settings, "verified_users.domain_whitelist") === undefined) {
      into.note(from, "names are checked for access.member_domains alone here");
    }
  }
}

function valueOf(settings: readonly ForeignSetting[], wanted: string): unknown {
  return settings.find(({ name }) => name === wanted)?.value;
}

/** The keys of all sections with their full names. Sections in sections are none of its settings. */
function settingsOf(text: string, table: TomlTable): readonly ForeignSetting[] {
  const lines = tomlLines(text);
  const setting = (path: string, value: unknown) => {
    const name = /^[\w.-]+$/.test(path) ? path : JSON.stringify(path);
    return { name, value, line: lines.get(path) ?? 1 };
  };
  return Object.entries(table).flatMap(([section, values]) =>
    isTomlTable(values)
      ? Object.entries(values).map(([key, value]) => setting(`${section}.${key}`, value))
      : [setting(section, values)]
  );
}
