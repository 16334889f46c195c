/**
 * The relay information document.
 *
 * @see NIP-11
 * @module
 */

/** The fields of the document. Undefined and empty ones are left out. */
export interface RelayInformation {
  /** Name of the relay, by convention shorter than 30 characters. */
  readonly name?: string;
  readonly description?: string;
  /** URL of a wide image. */
  readonly banner?: string;
  /** URL of a small square image. */
  readonly icon?: string;
  /** The operator's public key, 64 hex digits. */
  readonly pubkey?: string;
  /** The relay's own public key, with which it signs events, 64 hex digits. */
  readonly self?: string;
  /** URI of the operator's contact: `mailto:…` or `https://…`. */
  readonly contact?: string;
  readonly termsOfService?: string;
  readonly software: string;
  readonly version: string;
  /** The enabled NIPs, by number. */
  readonly supportedNips: readonly number[];
  /** The version of the negentropy protocol, when NIP-77 is enabled. */
  readonly negentropy?: number;
  readonly limitation: RelayLimitation;
}

/**
 * The limits that are enforced; a value equal to a limit is accepted. A limit that is not enforced
 * is undefined.
 */
export interface RelayLimitation {
  /** Size of a WebSocket message, UTF-8 bytes. */
  readonly maxMessageBytes?: number;
  /** Open subscriptions of a connection. */
  readonly maxSubscriptions?: number;
  /** Highest `limit` of a filter; larger ones are lowered to it. */
  readonly maxLimit?: number;
  /** `limit` of a filter that has none. */
  readonly defaultLimit?: number;
  /** Length of a subscription id, Unicode characters. */
  readonly maxSubscriptionIdLength?: number;
  readonly maxEventTags?: number;
  /** Length of an event's content, Unicode characters. */
  readonly maxContentLength?: number;
  /** Leading zero bits of an event's id. */
  readonly minPowDifficulty?: number;
  /** Clients have to authenticate before anything else. */
  readonly authRequired?: boolean;
  readonly paymentRequired?: boolean;
  /** Not every client may publish, or not every event is accepted. */
  readonly restrictedWrites?: boolean;
  /** How far in the past `created_at` may be, seconds. */
  readonly maxAgeSeconds?: number;
  /** How far in the future `created_at` may be, seconds. */
  readonly maxFutureSeconds?: number;
}

/** The media type of the document. NIP-11 names it for the request; the response uses it too. */
export const relayInformationType = "application/nostr+json";

/**
 * Formats the document, with the field names of NIP-11.
 *
 * `created_at_lower_limit` and `created_at_upper_limit` are distances from now: NIP-11 does not say
 * so, but its examples (94608000 and 300) do.
 *
 * @see NIP-11
 */
export function relayInformationJson(information: RelayInformation): string {
  return JSON.stringify({
    name: nonEmpty(information.name),
    description: nonEmpty(information.description),
    banner: nonEmpty(information.banner),
    icon: nonEmpty(information.icon),
    pubkey: nonEmpty(information.pubkey),
    self: nonEmpty(information.self),
    contact: nonEmpty(information.contact),
    supported_nips: information.supportedNips.toSorted((a, b) => a - b),
    software: nonEmpty(information.software),
    version: nonEmpty(information.version),
    terms_of_service: nonEmpty(information.termsOfService),
    negentropy: information.negentropy,
    limitation: limitationFields(information.limitation),
  });
}

/** `JSON.stringify` leaves out undefined fields, so an empty text becomes undefined. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function limitationFields(limits: RelayLimitation): Readonly<Record<string, unknown>> {
  return {
    max_message_length: limits.maxMessageBytes,
    max_subscriptions: limits.maxSubscriptions,
    max_limit: limits.maxLimit,
    max_subid_length: limits.maxSubscriptionIdLength,
    max_event_tags: limits.maxEventTags,
    max_content_length: limits.maxContentLength,
    min_pow_difficulty: limits.minPowDifficulty,
    auth_required: limits.authRequired,
    payment_required: limits.paymentRequired,
    restricted_writes: limits.restrictedWrites,
    created_at_lower_limit: limits.maxAgeSeconds,
    created_at_upper_limit: limits.maxFutureSeconds,
    default_limit: limits.defaultLimit,
  };
}
