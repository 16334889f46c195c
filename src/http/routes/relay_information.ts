/**
 * The relay information document: what a relay says of itself.
 *
 * @see NIP-11
 * @module
 */

/** What is said to clients about this relay. What is undefined or empty is not said. */
export interface RelayInformation {
  /** A short name, fewer than 30 characters by custom. */
  readonly name?: string;
  readonly description?: string;
  /** URL of a wide picture. */
  readonly banner?: string;
  /** URL of a small square picture. */
  readonly icon?: string;
  /** The operator's public key, 64 hex digits. */
  readonly pubkey?: string;
  /** The relay's own public key, by which it signs what it publishes, 64 hex digits. */
  readonly self?: string;
  /** A URI by which the operator can be reached: `mailto:…` or `https://…`. */
  readonly contact?: string;
  /** URL of the terms of service. */
  readonly termsOfService?: string;
  /** URL of the software's home. */
  readonly software: string;
  readonly version: string;
  /** The NIPs that are on at this moment, by number. */
  readonly supportedNips: readonly number[];
  /** The version of the negentropy protocol that NIP-77 speaks here, when it is on. */
  readonly negentropy?: number;
  readonly limitation: RelayLimitation;
}

/**
 * The limits that are really enforced, each exactly at its value: the number itself still passes. A
 * limit that is not enforced is undefined.
 */
export interface RelayLimitation {
  /** Of one WebSocket message, UTF-8 bytes. */
  readonly maxMessageBytes?: number;
  /** Open at a time on one connection. */
  readonly maxSubscriptions?: number;
  /** What a larger `limit` of a filter is lowered to. */
  readonly maxLimit?: number;
  /** What a filter without `limit` gets. */
  readonly defaultLimit?: number;
  /** Of a subscription id, Unicode characters. */
  readonly maxSubscriptionIdLength?: number;
  readonly maxEventTags?: number;
  /** Of an event's content, Unicode characters. */
  readonly maxContentLength?: number;
  /** Leading zero bits of an event's id. */
  readonly minPowDifficulty?: number;
  /** Nothing works before AUTH. */
  readonly authRequired?: boolean;
  readonly paymentRequired?: boolean;
  /** Some condition decides who may publish, or what. */
  readonly restrictedWrites?: boolean;
  /** How far in the past `created_at` may lie, seconds. */
  readonly maxAgeSeconds?: number;
  /** How far in the future `created_at` may lie, seconds. */
  readonly maxFutureSeconds?: number;
}

/** The media type of the document. NIP-11 names it for the request; the reply carries it too. */
export const relayInformationType = "application/nostr+json";

/**
 * The document as JSON, with the names of the wire and without what is not said.
 *
 * `created_at_lower_limit` and `created_at_upper_limit` are distances from now: the text of NIP-11
 * leaves it open, its examples (94608000 and 300) do not.
 *
 * @see NIP-11
 */
export function relayInformationJson(information: RelayInformation): string {
  return JSON.stringify({
    name: said(information.name),
    description: said(information.description),
    banner: said(information.banner),
    icon: said(information.icon),
    pubkey: said(information.pubkey),
    self: said(information.self),
    contact: said(information.contact),
    supported_nips: information.supportedNips.toSorted((a, b) => a - b),
    software: said(information.software),
    version: said(information.version),
    terms_of_service: said(information.termsOfService),
    negentropy: information.negentropy,
    limitation: limitationFields(information.limitation),
  });
}

/** `JSON.stringify` leaves out what is undefined, so an empty text becomes that. */
function said(text: string | undefined): string | undefined {
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
