import { deepEqual, equal } from "node:assert/strict";
import {
  type RelayInformation,
  relayInformationJson,
  relayInformationType,
} from "../../../src/http/routes/relay_information.ts";

const least: RelayInformation = {
  software: "https://relay.example/software",
  version: "1.2.3",
  supportedNips: [],
  limitation: {},
};

const most: RelayInformation = {
  name: "example",
  description: "A relay for examples.",
  banner: "https://relay.example/banner.png",
  icon: "https://relay.example/icon.png",
  pubkey: "a".repeat(64),
  self: "b".repeat(64),
  contact: "mailto:operator@relay.example",
  termsOfService: "https://relay.example/terms",
  software: "https://relay.example/software",
  version: "1.2.3",
  supportedNips: [1, 11],
  negentropy: 1,
  limitation: {
    maxMessageBytes: 524_288,
    maxSubscriptions: 100,
    maxLimit: 1000,
    defaultLimit: 500,
    maxSubscriptionIdLength: 64,
    maxEventTags: 5000,
    maxContentLength: 100_000,
    minPowDifficulty: 0,
    authRequired: false,
    paymentRequired: false,
    restrictedWrites: true,
    maxAgeSeconds: 94_608_000,
    maxFutureSeconds: 900,
  },
};

Deno.test("the document's media type is the one of NIP-11", () => {
  equal(relayInformationType, "application/nostr+json");
});

Deno.test("every field has the name of the wire", () => {
  deepEqual(JSON.parse(relayInformationJson(most)), {
    name: "example",
    description: "A relay for examples.",
    banner: "https://relay.example/banner.png",
    icon: "https://relay.example/icon.png",
    pubkey: "a".repeat(64),
    self: "b".repeat(64),
    contact: "mailto:operator@relay.example",
    terms_of_service: "https://relay.example/terms",
    software: "https://relay.example/software",
    version: "1.2.3",
    supported_nips: [1, 11],
    negentropy: 1,
    limitation: {
      max_message_length: 524_288,
      max_subscriptions: 100,
      max_limit: 1000,
      default_limit: 500,
      max_subid_length: 64,
      max_event_tags: 5000,
      max_content_length: 100_000,
      min_pow_difficulty: 0,
      auth_required: false,
      payment_required: false,
      restricted_writes: true,
      created_at_lower_limit: 94_608_000,
      created_at_upper_limit: 900,
    },
  });
});

Deno.test("what is not said is left out, and so is an empty text", () => {
  deepEqual(JSON.parse(relayInformationJson({ ...least, name: "", contact: "" })), {
    software: "https://relay.example/software",
    version: "1.2.3",
    supported_nips: [],
    limitation: {},
  });
});

Deno.test("NIP11-04: supported_nips says what is on, in ascending order", () => {
  const nips = (supportedNips: readonly number[]): unknown =>
    JSON.parse(relayInformationJson({ ...least, supportedNips })).supported_nips;
  deepEqual(nips([50, 1, 9, 11]), [1, 9, 11, 50]);
  deepEqual(nips([1, 9, 11]), [1, 9, 11]);
});

Deno.test("NIP11-05: a limit is advertised as the number it has, and zero is a number", () => {
  const { limitation } = JSON.parse(
    relayInformationJson({ ...least, limitation: { maxLimit: 500, minPowDifficulty: 0 } }),
  );
  deepEqual(limitation, { max_limit: 500, min_pow_difficulty: 0 });
});

Deno.test("NIP11-06: self is present when the relay has a key of its own", () => {
  const self = "b".repeat(64);
  equal(JSON.parse(relayInformationJson({ ...least, self })).self, self);
});

Deno.test("NIP11-08: no field that NIP-11 has removed is sent", () => {
  const document = JSON.parse(relayInformationJson(most));
  const removed = [
    "privacy_policy",
    "retention",
    "relay_countries",
    "language_tags",
    "tags",
    "posting_policy",
  ];
  deepEqual(removed.filter((name) => name in document), []);
  deepEqual(
    ["max_filters", "min_prefix"].filter((name) => name in document.limitation),
    [],
  );
});
