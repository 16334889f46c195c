/**
 * Builds the NIP-11 relay information document from the settings.
 *
 * @module
 */

import type { RelayInformation } from "../http/routes/relay_information.ts";
import { readPublicKey } from "./settings/key_text.ts";
import type { Settings } from "./settings/setting_list.ts";
import { RuleBook } from "../relay/access/rules.ts";
import { admins } from "./access/access_policies.ts";
import type { PolicyInformation } from "../relay/access/policy.ts";
import { version } from "./version.ts";

/** The NIPs that are always supported. */
const constantNips: readonly number[] = [1, 2, 9, 11, 40, 42, 62, 67];

/** The `software` field. */
const software = "https://github.com/gallimimus/gallimimus";

/** What the NIP-11 document contains besides the settings. */
interface InformationSources {
  /** What the relay's policies add. */
  readonly policies?: PolicyInformation;
  /** Name, description and icon as changed through the management API. */
  readonly rules?: RuleBook;
  /** The relay's own public key; undefined if it has none. */
  readonly self?: string | undefined;
}

/**
 * The content of the NIP-11 document. Each limit in it comes from the setting that enforces it.
 *
 * @see NIP-11
 */
export function relayInformation(
  settings: Settings,
  { policies = {}, rules = new RuleBook(), self }: InformationSources = {},
): RelayInformation {
  const { supportedNips: policyNips = [], ...policyLimits } = policies;
  const { relay, limits } = settings;
  const said = (value: "name" | "description" | "icon") =>
    rules.reasonOf("information", value) ?? relay[value];
  return {
    name: said("name"),
    description: said("description"),
    banner: relay.banner,
    icon: said("icon"),
    pubkey: readPublicKey(relay.pubkey) ?? "",
    ...self !== undefined && { self },
    contact: relay.contact,
    termsOfService: relay.terms_of_service,
    software,
    version,
    ...limits.max_sync_events > 0 && { negentropy: 1 },
    supportedNips: [...new Set([...supportedNips(settings), ...policyNips])],
    limitation: {
      ...policyLimits,
      maxMessageBytes: limits.max_message_bytes,
      maxSubscriptions: limits.max_subscriptions,
      maxLimit: limits.max_limit,
      defaultLimit: limits.default_limit,
      maxSubscriptionIdLength: limits.max_subscription_id_length,
      maxEventTags: limits.max_event_tags,
      maxContentLength: limits.max_content_length,
      ...bound("maxAgeSeconds", limits.created_at_lower_limit_s),
      ...bound("maxFutureSeconds", limits.created_at_upper_limit_s),
    },
  };
}

/** Kept until the settings change: a QR code takes a millisecond. */
const qrCodes = new WeakMap<Settings["relay"], Promise<string>>();

/** The relay's URL as a picture; undefined if it has none. */
export function qrCode({ relay }: Pick<Settings, "relay">): Promise<string> | undefined {
  if (relay.url === "") return undefined;
  const kept = qrCodes.get(relay) ?? encodedQr(relay.url);
  qrCodes.set(relay, kept);
  return kept;
}

async function encodedQr(text: string): Promise<string> {
  // Imported late: it takes megabytes, and many relays are never looked at in a browser.
  const { default: encodeQr } = await import("qr");
  return encodeQr(text, "svg", { ecc: "medium", border: 2 })
    .replace("<svg ", '<svg role="img" aria-label="The address as a QR code" ');
}

/** The NIPs that the settings enable. */
function supportedNips(settings: Settings): readonly number[] {
  const { limits, search, access } = settings;
  const nips = [...constantNips];
  if (access.private_kinds.includes("4")) nips.push(4);
  if (access.private_kinds.includes("1059")) nips.push(17, 59);
  if (limits.max_count_rows > 0) nips.push(45);
  if (limits.max_sync_events > 0) nips.push(77);
  if (admins(settings).size > 0) nips.push(86, 98);
  if (search.enabled) nips.push(50);
  return nips;
}

/** Leaves out a limit that is switched off. */
function bound<Name extends string>(name: Name, value: number): { readonly [K in Name]?: number } {
  return value === 0 ? {} : { [name]: value } as { readonly [K in Name]: number };
}
