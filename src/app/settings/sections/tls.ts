/**
 * `[tls]`: the certificates of `tls:` addresses.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Any file path. */
const file = { pattern: /^.+$/, words: "the path of a file" };

/** Settings of the section `[tls]`. */
export const tlsSection = {
  title: "The certificates of addresses that begin with tls:.",
  settings: {
    certificate_files: {
      type: "list",
      default: [],
      format: file,
      maxItems: 1_000,
      description:
        "Certificate chains as PEM. A client gets the one with the server name that it asks for (SNI), and otherwise the first.",
      reloadable: true,
    },
    key_files: {
      type: "list",
      default: [],
      format: file,
      maxItems: 1_000,
      description: "The private keys as PEM, in the order of the certificates.",
      reloadable: true,
    },
    client_authorities_file: {
      type: "text",
      default: "",
      description:
        "CA certificates, as PEM, that the certificates of clients are verified with. Without any, clients are not asked for certificates.",
    },
    client_certificates: {
      type: "choice",
      default: "optional",
      allowed: ["optional", "required"],
      description:
        "Whether a client without a certificate is let in, where clients are asked for one.",
    },
    reload_check_s: {
      type: "integer",
      default: 60,
      unit: "seconds",
      min: 1,
      max: 86_400,
      description:
        "How often the certificate files are checked for changes. New certificates serve new connections; SIGHUP makes the relay check at once.",
      whenRaised: "A certificate that was replaced is shown for longer.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
