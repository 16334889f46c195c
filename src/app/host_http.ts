/**
 * What a relay answers over HTTP, wired to its parts: the document, the page, the checks and the
 * management API.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/error_text.ts";
import type { Log } from "../base/log.ts";
import { createHttp, type HttpHandler, type HttpRoute } from "../http/router.ts";
import { managementRoute } from "../http/routes/management.ts";
import type { RelayInformation } from "../http/routes/relay_information.ts";
import { canonicalIp } from "../net/address/ip_address.ts";
import type { Verifier } from "../nostr/verifier.ts";
import { Management } from "../relay/access/management.ts";
import type { RuleBook } from "../relay/access/rules.ts";
import type { Relay } from "../relay/relay.ts";
import type { TidyStore } from "../store/write/upkeep.ts";
import { qrCode } from "./information.ts";
import { Readiness } from "./readiness.ts";
import type { Settings } from "./settings/setting_list.ts";
import { sha256, sha256OfText } from "./system/sha256.ts";

interface HostHttpOptions {
  readonly store: TidyStore;
  readonly clock: Clock;
  readonly verifier: Verifier;
  readonly rules: RuleBook;
  readonly relay: Relay;
  readonly log: Log;
  /** The settings in use. */
  settings(): Settings;
  /** Who may manage the relay. Without anybody at the start there is no management API. */
  admins(): ReadonlySet<string>;
  information(): RelayInformation;
  isClosed(): boolean;
  onRulesChanged(): void;
}

/** Creates the handler of the relay's HTTP requests. */
export function hostHttp(options: HostHttpOptions): HttpHandler {
  const { store, clock, relay, settings, isClosed } = options;
  const readiness = new Readiness({ ...{ store, clock, isClosed }, writing: relay });
  return createHttp({
    information: options.information,
    ready: () => readiness.check(),
    path: settings().network.path,
    routes: options.admins().size === 0 ? [] : [management(options)],
    page: () => {
      const { page_activity: showsActivity, page_notes: noteCount } = settings().relay;
      return { showsActivity, noteCount };
    },
    qrCode: () => qrCode(settings()),
    activity: () => relay.activity,
    relayUrl: () => relayUrlOf(settings()),
  });
}

function management(options: HostHttpOptions): HttpRoute {
  const { store, clock, rules, log, verifier, admins, settings } = options;
  const { onRulesChanged: onChanged } = options;
  const management = new Management({ rules, store, clock, readIp: canonicalIp, onChanged });
  return managementRoute({
    ...{ admins, verifier, clock, hashText: sha256OfText },
    call: async (method, params, who) => {
      try {
        return await management.call(method, params, who);
      } catch (error) {
        log.error("management failed", { method, error: describeError(error) });
        return { error: "the database does not answer, nothing was changed" };
      }
    },
    hashBytes: (bytes) => sha256(bytes).toHex(),
    relayUrl: () => relayUrlOf(settings()),
  });
}

/** The URL by which clients reach the relay; undefined where it is not set. */
export function relayUrlOf({ relay: { url } }: Settings): string | undefined {
  return url === "" ? undefined : url;
}
