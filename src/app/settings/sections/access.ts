/**
 * `[access]`: who may publish and read.
 *
 * @see NIP-42
 * @module
 */

import type { SettingSection, SettingValue } from "../setting.ts";
import { domainFormat, kindFormat, kindRangeFormat, publicKeyFormat } from "./formats.ts";

/** The values of each preset, which replace defaults; settings given explicitly override them. */
export const accessPresets: Readonly<
  Record<string, Readonly<Record<`access.${string}`, SettingValue>>>
> = {
  public: {},
  members: { "access.writers": "members", "access.readers": "members" },
  personal: { "access.writers": "members", "access.readers": "anyone" },
  inbox: { "access.writers": "correspondents", "access.readers": "members" },
  archive: { "access.writers": "nobody", "access.readers": "anyone" },
};

/** Settings of the section `[access]`. */
export const accessSection = {
  title: "Who may do what.",
  settings: {
    preset: {
      type: "choice",
      default: "public",
      allowed: ["public", "members", "personal", "inbox", "archive"],
      description:
        "The defaults of writers and readers. public: anyone; members: members write and read; personal: members write, anyone reads; inbox: anyone writes to members, who read; archive: nobody writes, anyone reads.",
      reloadable: true,
    },
    writers: {
      type: "choice",
      default: "anyone",
      allowed: ["anyone", "authenticated", "members", "correspondents", "nobody"],
      description:
        "Whose events are taken: anyone's, those that an authenticated client sends, those of members, those of members and those that name a member in a p tag, or nobody's. Requests to vanish are always taken.",
      reloadable: true,
    },
    readers: {
      type: "choice",
      default: "anyone",
      allowed: ["anyone", "authenticated", "members"],
      description: "Whose requests are answered.",
      reloadable: true,
    },
    members: {
      type: "list",
      default: [],
      format: publicKeyFormat,
      maxItems: 100_000,
      description:
        "Public keys of the relay's members, beside those that management has allowed and those of member_domains.",
      reloadable: true,
    },
    member_domains: {
      type: "list",
      default: [],
      format: domainFormat,
      maxItems: 100,
      description:
        "Domains whose NIP-05 names are members: every key that https://DOMAIN/.well-known/nostr.json lists. The document is read as a whole at intervals, without following redirects. A provider that answers only for one name (?name=) lists nobody there, and so makes nobody a member.",
      reloadable: true,
    },
    member_domain_refresh_s: {
      type: "integer",
      default: 600,
      unit: "seconds",
      min: 10,
      max: 86_400,
      description:
        "How often the documents of member_domains are read. When one cannot be read, whom it listed before stay members.",
      whenRaised: "A key whose name was removed stays a member for that long.",
      reloadable: true,
    },
    member_domain_timeout_ms: {
      type: "integer",
      default: 5_000,
      unit: "milliseconds",
      min: 100,
      max: 60_000,
      description:
        "How long such a document may take, headers and body together. The start of the relay waits for the first ones as long.",
      whenRaised: "A server of a domain that hangs delays the start as much.",
      reloadable: true,
    },
    member_domain_max_bytes: {
      type: "integer",
      default: 1_048_576,
      unit: "bytes",
      min: 1_024,
      max: 67_108_864,
      description:
        "How large such a document may be. A name takes about 80 bytes, and its relays, where the document lists them, as many again or more.",
      whenRaised:
        "Each domain may take about twice as many bytes of memory, more while its document is read, and reading holds the relay for some 10 ms a megabyte.",
      reloadable: true,
    },
    admins: {
      type: "list",
      default: [],
      format: publicKeyFormat,
      maxItems: 1_000,
      description:
        "Public keys that may manage the relay over HTTP (NIP-86). Without any, relay.pubkey may; without that, nobody.",
      reloadable: true,
    },
    banned_keys: {
      type: "list",
      default: [],
      format: publicKeyFormat,
      maxItems: 100_000,
      description: "Public keys whose events are refused, beside those that management has banned.",
      reloadable: true,
    },
    allowed_kinds: {
      type: "list",
      default: [],
      format: kindRangeFormat,
      maxItems: 1_000,
      description: "The kinds that are accepted. An empty list accepts all kinds.",
      reloadable: true,
    },
    banned_kinds: {
      type: "list",
      default: [],
      format: kindRangeFormat,
      maxItems: 1_000,
      description: "Kinds that are refused.",
      reloadable: true,
    },
    banned_texts: {
      type: "list",
      default: [],
      format: { pattern: /^.{1,200}$/u, words: "1 to 200 characters" },
      maxItems: 1_000,
      description:
        "Texts. An event whose content contains one of them is refused; upper and lower case are the same.",
      reloadable: true,
    },
    banned_patterns: {
      type: "list",
      default: [],
      format: { pattern: /^.{1,500}$/u, words: "1 to 500 characters" },
      maxItems: 100,
      description:
        "Regular expressions that refuse an event whose content matches one, anywhere in it. The syntax is that of RE2: (?i) at the beginning ignores case, (?s) lets . match line ends; there are no backreferences and no lookahead. A short event costs a few microseconds, however many patterns there are. A pattern with a comma stands in the file: commas part the items of a list elsewhere.",
      reloadable: true,
    },
    banned_patterns_in_tags: {
      type: "boolean",
      default: false,
      description:
        "Whether banned_patterns are looked for in the values of tags, too. These are one text with a value on each line; (?m) lets ^ and $ match at the ends of lines.",
      reloadable: true,
    },
    banned_pattern_size: {
      type: "integer",
      default: 2_000,
      unit: "instructions",
      min: 1,
      max: 20_000,
      description:
        "How large all banned_patterns together may be, compiled. A character is about one instruction, and a repetition {n} is n times what it repeats.",
      whenRaised:
        "A text made to keep many patterns, or a long repetition, half matched costs the relay up to 0.1 µs for each of its characters and each instruction that is tried; others about 0.01 µs a character.",
      reloadable: true,
    },
    banned_pattern_characters: {
      type: "integer",
      default: 16_384,
      unit: "characters",
      min: 1,
      max: 67_108_864,
      description: "How much of an event banned_patterns look at, in UTF-16 code units.",
      whenRaised:
        "An event costs as much more: at 16,384 about 0.3 ms, and at worst, with 100 patterns such as word.*word and a text made for them, 0.4 s; sixteen times as much at the 262,144 of the largest event.",
      reloadable: true,
    },
    broad_filters: {
      type: "boolean",
      default: true,
      description:
        "Whether a filter may name neither ids nor authors nor kinds nor tags nor words.",
      reloadable: true,
    },
    min_pow_difficulty: {
      type: "integer",
      default: 0,
      unit: "bits",
      min: 0,
      max: 64,
      description: "The proof of work that an event needs (NIP-13): leading zero bits of its id.",
      whenRaised: "Each bit doubles what an event costs its sender, honest ones included.",
      reloadable: true,
    },
    kind_pow_difficulty: {
      type: "list",
      default: [],
      format: { pattern: /^\d{1,5}=\d{1,2}$/, words: "a kind and bits: 1059=16" },
      maxItems: 1_000,
      description: "The same for some kinds, in place of min_pow_difficulty.",
      reloadable: true,
    },
    pow_committed: {
      type: "boolean",
      default: false,
      description:
        "Whether the nonce tag has to name the difficulty as its target, so that luck counts for nothing.",
      reloadable: true,
    },
    trust_roots: {
      type: "list",
      default: [],
      format: publicKeyFormat,
      maxItems: 1_000,
      description:
        "Public keys at the root of a web of trust, which is read from the follow lists (kind 3) in the store. Keys outside of the web are strangers.",
      reloadable: true,
    },
    trust_hops: {
      type: "integer",
      default: 2,
      unit: "hops",
      min: 1,
      max: 3,
      description:
        "How many steps from the roots the web includes: 1 for keys that the roots follow, 2 for keys that those follow as well.",
      whenRaised: "Whoever gets one person in the web to follow them is in it as well.",
      reloadable: true,
    },
    trust_refresh_s: {
      type: "integer",
      default: 600,
      unit: "seconds",
      min: 10,
      max: 86_400,
      description: "How often the web of trust is computed again.",
      whenRaised: "A key that is no longer followed stays in the web for that long.",
      reloadable: true,
    },
    strangers: {
      type: "choice",
      default: "refuse",
      allowed: ["refuse", "pow"],
      description:
        "What becomes of a stranger's event: refuse, or pow: it is taken when it shows stranger_pow_difficulty. Gift wraps count by those whom they are for.",
      reloadable: true,
    },
    stranger_pow_difficulty: {
      type: "integer",
      default: 20,
      unit: "bits",
      min: 1,
      max: 64,
      description: "The work that a stranger's event has to show (NIP-13).",
      whenRaised: "Each bit doubles what an event costs an honest newcomer.",
      reloadable: true,
    },
    newcomer_events: {
      type: "integer",
      default: 0,
      unit: "events",
      min: 0,
      max: 1_000,
      description:
        "How many stored events make a key established; until it has them it is a newcomer's. 0 turns off all that is asked of newcomers. Members and keys in the web of trust are never newcomers; gift wraps, ephemeral events, requests to vanish and imports are always taken.",
      whenRaised:
        "The store looks at as many entries of an index, once for each key that is not known to be established.",
      reloadable: true,
    },
    newcomer_pow_difficulty: {
      type: "integer",
      default: 0,
      unit: "bits",
      min: 0,
      max: 64,
      description: "The work that a newcomer's event has to show (NIP-13); 0 for none.",
      whenRaised: "Each bit doubles what an event costs an honest newcomer.",
      reloadable: true,
    },
    newcomer_rate: {
      type: "integer",
      default: 10,
      unit: "events per minute",
      min: 0,
      max: 1_000_000,
      description:
        "How many events of newcomers one client address may publish; 0 for any number. However many keys a sender makes up, they share it.",
      whenRaised: "One address may publish so much under ever new keys.",
      reloadable: true,
    },
    newcomer_burst: {
      type: "integer",
      default: 20,
      unit: "events",
      min: 1,
      max: 1_000_000,
      description: "How many of them it may publish at once before newcomer_rate holds.",
      whenRaised: "Each new address may publish so much at once.",
      reloadable: true,
    },
    newcomer_lookup_rate: {
      type: "integer",
      default: 20,
      unit: "keys per second",
      min: 1,
      max: 1_000_000,
      description:
        "For how many unknown keys one client address may have the store asked, ten times as many at once. Events beyond are refused, rate-limited.",
      whenRaised:
        "Whoever signs events with ever new keys causes as many short queries of the database.",
      reloadable: true,
    },
    newcomer_known_keys: {
      type: "integer",
      default: 100_000,
      unit: "keys",
      min: 100,
      max: 10_000_000,
      description:
        "How many keys are remembered as established, and as many as newcomers; of others the store is asked again.",
      whenRaised: "Each key takes about 250 bytes of memory.",
      reloadable: true,
    },
    challenge_on_connect: {
      type: "boolean",
      default: true,
      description:
        "Whether each connection begins with a challenge (NIP-42), as clients expect. Otherwise one is sent when something needs it.",
      reloadable: true,
    },
    private_kinds: {
      type: "list",
      default: ["4", "1059", "21059"],
      format: kindFormat,
      maxItems: 100,
      description:
        "Kinds that are served only to their author and to those whom a p tag names, after authentication: encrypted direct messages and gift wraps. They are never found by a search.",
      reloadable: true,
    },
    policy_timeout_ms: {
      type: "integer",
      default: 5_000,
      unit: "milliseconds",
      min: 10,
      max: 60_000,
      description:
        "How long a policy may take for one decision. What it has not decided by then is refused.",
      whenRaised: "Events and requests wait as long for a policy that hangs.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
