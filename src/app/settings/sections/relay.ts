/**
 * `[relay]`: the descriptive fields of the NIP-11 document.
 *
 * @see NIP-11
 * @module
 */

import type { SettingSection, TextFormat } from "../setting.ts";
import { optionalPublicKeyFormat, optionalSecretKeyFormat } from "./formats.ts";

const webAddress: TextFormat = {
  pattern: /^$|^https?:\/\/\S+$/,
  words: "a URL that starts with https:// or http://, or nothing",
};

/** Settings of the section `[relay]`. */
export const relaySection = {
  title: "Who the relay is. Clients read this in its information document (NIP-11).",
  settings: {
    name: {
      type: "text",
      default: "Gallimimus",
      description: "The relay's name, best under 30 characters.",
      reloadable: true,
    },
    description: {
      type: "text",
      default: "A Nostr relay",
      description: "What the relay is for and who may use it, in a few sentences.",
      reloadable: true,
    },
    banner: {
      type: "text",
      default: "",
      format: webAddress,
      description: "The address of a wide picture that stands for the relay.",
      reloadable: true,
    },
    icon: {
      type: "text",
      default: "",
      format: webAddress,
      description: "The address of a small square picture that stands for the relay.",
      reloadable: true,
    },
    pubkey: {
      type: "text",
      default: "",
      format: optionalPublicKeyFormat,
      description: "The public key of the person who runs the relay.",
      reloadable: true,
    },
    secret_key: {
      type: "text",
      default: "",
      format: optionalSecretKeyFormat,
      description:
        "The secret key of the relay itself. Its public key is the field self of the information document. Nothing means that of key_file.",
      secret: "value",
    },
    key_file: {
      type: "text",
      default: "",
      description:
        "A file that holds the secret key, as nsec1… or 64 hex digits. Nothing means relay.key in database.data, which is made at the first start, where the relay keeps its database there; with any other database the relay has no key then.",
    },
    contact: {
      type: "text",
      default: "",
      format: {
        pattern: /^$|^[a-z][a-z0-9+.-]*:\S+$/,
        words: "a URI such as mailto:someone@example.com, or nothing",
      },
      description: "Where else that person can be reached.",
      reloadable: true,
    },
    url: {
      type: "text",
      default: "",
      format: {
        pattern: /^$|^wss?:\/\/[^\s/]+(?:\/\S*)?$/,
        words: "a URL that starts with wss:// or ws://, or nothing",
      },
      description:
        "The address by which clients reach the relay. Authentication (NIP-42) compares it with what the client signed.",
      reloadable: true,
    },
    terms_of_service: {
      type: "text",
      default: "",
      format: webAddress,
      description: "The address of the terms of service.",
      reloadable: true,
    },
    page_activity: {
      type: "boolean",
      default: true,
      description:
        "Whether the relay's page for browsers shows how many connections and subscriptions are open, and how many events came since the start.",
      reloadable: true,
    },
    page_notes: {
      type: "integer",
      default: 0,
      unit: "notes",
      min: 0,
      max: 50,
      description:
        "How many of the latest notes (kind 1) the relay's page for browsers shows. 0 shows none.",
      whenRaised: "Whatever anybody publishes is seen on the page, as text.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
