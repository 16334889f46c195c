/**
 * Stores events of another relay under the policies of this one.
 *
 * @module
 */

import { Access } from "../../relay/access/access.ts";
import { RuleBook } from "../../relay/access/rules.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { relayPolicies } from "../access/access_policies.ts";
import { memberDomainsOf } from "../access/member_domains.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { bannedPatternsOf } from "../settings/banned_patterns.ts";
import { importEvents, type ImportTally } from "../transfer/import_events.ts";
import { createVerifier } from "../verifier.ts";

/** Stores lines of JSON as an import does, with the origin `sync`. */
export async function storeFromRelay(
  lines: AsyncIterable<Uint8Array>,
  { context, store, url }: {
    readonly context: CommandContext;
    readonly store: TidyStore;
    readonly url: string;
  },
): Promise<ImportTally> {
  const { settings, clock, log } = context;
  const verifier = await createVerifier(settings, log);
  const domains = memberDomainsOf(settings);
  try {
    await domains?.start({ clock, log, fetch });
    const policies = relayPolicies({
      ...{ settings, clock, domains },
      rules: new RuleBook(await store.rules()),
      isBannedText: await bannedPatternsOf(settings),
    });
    const { policy_timeout_ms: policyTimeoutMs } = settings.access;
    return await importEvents(lines, {
      ...{ store, verifier },
      access: new Access({ policies, clock, log, policyTimeoutMs }),
      origin: "sync",
      from: url,
      nowMs: clock.nowMs(),
      maxLineBytes: settings.limits.max_message_bytes,
    });
  } finally {
    domains?.close();
    verifier.close();
  }
}
