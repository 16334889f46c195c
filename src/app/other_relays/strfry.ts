/**
 * Translates `strfry.conf`. The names and meanings are those of strfry 1.1.
 *
 * @module
 */

import { isTaoObject, jsonOf, readTaoConfig, type TaoObject } from "./tao_config.ts";
import {
  applyRules,
  contact,
  except,
  type ForeignSetting,
  key,
  listenAddress,
  maxLimit,
  nothing,
  pingInterval,
  type ReadForeign,
  type Rule,
  times,
  to,
  Translation,
} from "./translation.ts";

/** Translates the text of a `strfry.conf`. */
export function translateStrfry(text: string): ReadForeign {
  const read = readTaoConfig(text);
  if ("fault" in read) return read;
  const settings = leavesOf(read.members);
  const into = new Translation();
  listen(settings, into);
  privateKinds(settings, into);
  applyRules(settings.filter(({ name }) => !handled.test(name)), rules, into);
  filterValidation(settings, into);
  return into.finish();
}

/** What takes several settings together. */
const handled =
  /^relay\.(?:bind|port|auth\.(?:enabled|restrictedReadKinds|restrictReadToInvolvedPubkey)|filterValidation\..*)$/;

const INTERNAL = "how strfry works inside; nothing here corresponds to it";
const LMDB = "a setting of LMDB; the database here is Postgres";
const EPHEMERAL = "ephemeral events are passed on and never stored here";
const THREADS = "threads are network.workers and signatures.workers here, best left alone at first";
const DUMPS = 'log.level = "debug" tells more here; messages are not written out';

const rules: Readonly<Record<string, Rule>> = {
  db: nothing("events are not read from there: strfry export | gallimimus import - brings them"),
  "dbParams.maxreaders": nothing(LMDB),
  "dbParams.mapsize": nothing(LMDB),
  "dbParams.noReadAhead": nothing(LMDB),
  "events.maxEventSize": to("limits.max_event_bytes"),
  "events.rejectEventsNewerThanSeconds": to("limits.created_at_upper_limit_s"),
  "events.rejectEventsOlderThanSeconds": except([0], to("limits.created_at_lower_limit_s")),
  "events.rejectEphemeralEventsOlderThanSeconds": nothing(EPHEMERAL),
  "events.ephemeralEventsLifetimeSeconds": nothing(EPHEMERAL),
  "events.maxNumTags": to("limits.max_event_tags"),
  "events.maxTagValSize": nothing(
    "tag values have no limit of their own here; limits.max_event_bytes bounds all of them",
  ),
  "relay.nofiles": nothing("the service sets it: LimitNOFILE of systemd, or ulimit -n"),
  "relay.realIpHeader": nothing(
    "headers are taken from proxies that network.trusted_proxies names: name yours there, and " +
      "have it send X-Forwarded-For or Forwarded (network.forwarded_header)",
    [""],
  ),
  "relay.auth.serviceUrl": except([""], to("relay.url")),
  "relay.info.name": to("relay.name"),
  "relay.info.description": to("relay.description"),
  "relay.info.pubkey": except([""], to("relay.pubkey", key)),
  "relay.info.self": nothing("the relay's key is given as a secret key, in relay.key_file", [""]),
  "relay.info.contact": except([""], to("relay.contact", contact)),
  "relay.info.icon": except([""], to("relay.icon")),
  "relay.info.banner": except([""], to("relay.banner")),
  "relay.info.privacy": nothing("the information document here has no privacy policy", [""]),
  "relay.info.terms": except([""], to("relay.terms_of_service")),
  "relay.info.nips": nothing("the list of NIPs follows from the settings here", [""]),
  "relay.maxWebsocketPayloadSize": to("limits.max_message_bytes"),
  "relay.maxReqFilterSize": to("limits.max_filters"),
  "relay.autoPingSeconds": pingInterval,
  "relay.enableTcpKeepalive": nothing("pings find dead connections here", [false]),
  "relay.queryTimesliceBudgetMicroseconds": nothing(INTERNAL),
  "relay.maxFilterLimit": maxLimit,
  "relay.maxTagsPerFilter": nothing("limits.max_filter_values bounds filters here"),
  "relay.maxFilterLimitCount": to("limits.max_count_rows"),
  "relay.maxSubsPerConnection": to("limits.max_subscriptions"),
  "relay.maxPendingOutboundBytes": except(
    [0],
    to("limits.max_queued_bytes"),
  ),
  "relay.writePolicy.plugin": except([""], to("plugins.commands", (command) => [command])),
  "relay.writePolicy.timeoutSeconds": to("plugins.timeout_ms", times(1_000)),
  "relay.compression.enabled": to("network.compression"),
  "relay.compression.slidingWindow": nothing("no window is kept between messages here", [false]),
  "relay.logging.dumpInAll": nothing(DUMPS, [false]),
  "relay.logging.dumpInEvents": nothing(DUMPS, [false]),
  "relay.logging.dumpInReqs": nothing(DUMPS, [false]),
  "relay.logging.dbScanPerf": nothing("[metrics] has the times of queries here", [false]),
  "relay.logging.invalidEvents": nothing("refusals are summed up once a minute here", [true]),
  "relay.numThreads.ingester": nothing(THREADS),
  "relay.numThreads.reqWorker": nothing(THREADS),
  "relay.numThreads.reqMonitor": nothing(THREADS),
  "relay.numThreads.negentropy": nothing(THREADS),
  // Off is 0 here, whatever the number beside it.
  "relay.negentropy.enabled": except([true], (from, into) => {
    into.set(from, "limits.max_sync_events", from.value === false ? 0 : from.value);
  }),
  "relay.negentropy.maxSyncEvents": (from, into) => {
    if (!into.has("limits.max_sync_events")) into.set(from, "limits.max_sync_events", from.value);
  },
};

/** All settings but objects, with their full names. */
function leavesOf(members: TaoObject, prefix = ""): readonly ForeignSetting[] {
  return [...members].flatMap(([member, node]) => {
    const name = `${prefix}${/^\w+$/.test(member) ? member : JSON.stringify(member)}`;
    return isTaoObject(node.value)
      ? leavesOf(node.value, `${name}.`)
      : [{ name, value: jsonOf(node), line: node.line }];
  });
}

function listen(settings: readonly ForeignSetting[], into: Translation): void {
  const { bind, port } = named(settings, { bind: "relay.bind", port: "relay.port" });
  const from = bind ?? port;
  if (from === undefined) return;
  const address = listenAddress(bind?.value ?? "127.0.0.1", port?.value ?? 7777);
  into.set(from, "network.listen", [address]);
}

/** Kinds for whom they concern, which takes AUTH. */
function privateKinds(settings: readonly ForeignSetting[], into: Translation): void {
  const { enabled, kinds, involved } = named(settings, {
    enabled: "relay.auth.enabled",
    kinds: "relay.auth.restrictedReadKinds",
    involved: "relay.auth.restrictReadToInvolvedPubkey",
  });
  if (enabled?.value === false) {
    into.note(enabled, "clients may always authenticate here, and access.private_kinds need it");
  } else if (kinds !== undefined) {
    const list = String(kinds.value).split(",").map((kind) => kind.trim());
    into.set(kinds, "access.private_kinds", list.filter((kind) => kind !== ""));
  }
  if (involved?.value === false && enabled?.value !== false) {
    into.note(involved, "access.private_kinds are for their authors and addressees alone here");
  }
}

function filterValidation(settings: readonly ForeignSetting[], into: Translation): void {
  const prefix = "relay.filterValidation.";
  const enabled = settings.find(({ name }) => name === `${prefix}enabled`);
  if (enabled?.value !== true) return;
  for (const setting of settings) {
    if (!setting.name.startsWith(prefix) || setting === enabled) continue;
    if (setting.name === `${prefix}maxFiltersPerReq`) {
      into.set(setting, "limits.max_filters", setting.value);
    } else {
      into.note(setting, "nearest is access.broad_filters = false, or a plugin (plugins.hooks)");
    }
  }
}

/** The settings of these names, as far as they are there. */
function named<Key extends string>(
  settings: readonly ForeignSetting[],
  names: Readonly<Record<Key, string>>,
): Readonly<Partial<Record<Key, ForeignSetting>>> {
  const found = Object.entries<string>(names).flatMap(([key, wanted]) => {
    const setting = settings.find(({ name }) => name === wanted);
    return setting === undefined ? [] : [[key, setting] as const];
  });
  return Object.fromEntries(found) as Partial<Record<Key, ForeignSetting>>;
}
