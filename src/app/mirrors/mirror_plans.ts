/**
 * Makes plans for mirrors out of the settings.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { MirrorPlan } from "../../sync/mirror.ts";
import { isReadByOthers, readAuthKeyFile } from "../auth_key.ts";
import { readFilterSetting } from "../settings/filter_setting.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import type { Settings } from "../settings/setting_list.ts";

/** The settings of one mirror. */
export type MirrorSettings = Settings["mirrors"]["relay"][number];

/** A mirror that can be started. */
export interface PlannedMirror {
  readonly settings: MirrorSettings;
  readonly plan: MirrorPlan;
}

const SETTING = "mirrors.relay";

/**
 * Reads the keys of the mirrors of the settings.
 *
 * @throws UnusableSetting when one cannot be read
 */
export async function plannedMirrors(
  { mirrors }: Pick<Settings, "mirrors">,
): Promise<readonly PlannedMirror[]> {
  const planned: PlannedMirror[] = [];
  for (const [at, settings] of mirrors.relay.entries()) {
    planned.push({ settings, plan: await planOf(settings, { mirrors, number: at + 1 }) });
  }
  return planned;
}

/** Warns of keys of mirrors that others may read. The keys must have been read. */
export async function warnOfMirrorKeys(
  { mirrors }: Pick<Settings, "mirrors">,
  log: Log,
): Promise<void> {
  for (const file of new Set(mirrors.relay.map((relay) => relay.auth_key_file))) {
    if (file === "" || !await isReadByOthers(file)) continue;
    log.warn(`others may read the key of a mirror: chmod 600 ${file}`);
  }
}

async function planOf(
  settings: MirrorSettings,
  { mirrors, number }: { readonly mirrors: Settings["mirrors"]; readonly number: number },
): Promise<MirrorPlan> {
  const key = settings.auth_key_file === ""
    ? { signer: undefined }
    : await readAuthKeyFile(settings.auth_key_file);
  if ("fault" in key) {
    throw new UnusableSetting(SETTING, `auth_key_file of table ${number}: ${key.fault}`);
  }
  const filters = readFilterSetting(settings.filter);
  if (filters === undefined) {
    throw new UnusableSetting(SETTING, `filter of table ${number} is no filter`);
  }
  return {
    ...{ ...filters, url: settings.url, direction: settings.direction },
    catchUpS: settings.catch_up_s,
    signer: key.signer,
    limits: mirrorLimits(mirrors),
  };
}

/** The limits of all mirrors. */
export function mirrorLimits(mirrors: Settings["mirrors"]): MirrorPlan["limits"] {
  return {
    maxPendingEvents: mirrors.max_pending_events,
    maxWaitingEvents: mirrors.max_waiting_events,
    maxRememberedIds: mirrors.max_remembered_ids,
    answerTimeoutMs: mirrors.answer_timeout_ms,
    maxRetryMs: mirrors.max_retry_s * 1_000,
  };
}
