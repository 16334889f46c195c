/**
 * What must hold, besides well-formed settings, for the relay to start. `serve` asks before it opens
 * anything; `config check` asks the same, and tries what `serve` does next.
 *
 * @module
 */

import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { type Log, silentLog } from "../base/log.ts";
import { messageOf } from "../base/error_text.ts";
import { StoreUnavailable } from "../store/event_store.ts";
import { directoryFault } from "./database/directory_fault.ts";
import { embeddedDirectory } from "./database/database_url.ts";
import { chooseDatabase } from "./database/choose_database.ts";
import { ignoredSettings } from "./database/ignored_settings.ts";
import { plannedMirrors, warnOfMirrorKeys } from "./mirrors/mirror_plans.ts";
import { admissionLimits, proxyOptions } from "./network/network_options.ts";
import { RelaySockets } from "./network/relay_sockets.ts";
import { checkTlsFiles } from "./network/tls_files.ts";
import { checkOwnKey } from "./own_key.ts";
import { checkPluginPrograms } from "./plugins/plugin_programs.ts";
import { policiesOfModules } from "./plugins/policy_modules.ts";
import { UnusableSetting } from "./settings/load_settings.ts";
import type { Settings } from "./settings/setting_list.ts";
import { writeFault } from "./system/writable.ts";
import { checkEngine } from "./verifier.ts";
import { checkWorkers } from "./workers/worker_settings.ts";

/** The settings of a start, and where they come from. */
interface StartSettings {
  readonly settings: Settings;
  /** The source of each setting that is not a default, by full name. */
  readonly origins: ReadonlyMap<string, string>;
  readonly log: Log;
  readonly clock: Clock;
}

/** The settings of a start, and the database that they lead to. */
interface ChosenSettings extends StartSettings {
  readonly url: string;
}

/** Rejects with what is wrong, an {@link UnusableSetting} or an error of the system; warns in the log. */
type Check = (start: ChosenSettings) => void | Promise<void>;

/** Checks that change nothing, in the order in which `serve` asks. */
const questions: readonly Check[] = [
  ({ settings, url }) => {
    const { network, database } = settings;
    if (network.workers > 1) checkWorkers({ ...settings, database: { ...database, url } });
  },
  ({ settings }) => {
    admissionLimits(settings);
    proxyOptions(settings);
  },
  ({ settings, log }) => checkTlsFiles(settings.tls, log),
  ({ settings: { network, tls } }) => {
    const secure = network.listen.find((address) => address.startsWith("tls:"));
    if (secure === undefined || tls.certificate_files.length > 0) return;
    throw new UnusableSetting(
      "network.listen",
      `"${secure}" needs tls.certificate_files, which is empty`,
    );
  },
  async ({ settings, log }) => {
    await plannedMirrors(settings);
    await warnOfMirrorKeys(settings, log);
  },
  ({ settings }) => checkPluginPrograms(settings),
  ({ settings, url, origins, log }) => {
    for (const { name, because } of ignoredSettings(settings, url, origins.keys())) {
      log.warn(`${name} ${because}`);
    }
  },
];

/** What `serve` does next, tried without leaving anything behind. */
const trials: readonly Check[] = [
  async ({ url }) => {
    const directory = embeddedDirectory(url);
    if (directory === undefined) return;
    // Its lock is a file beside it.
    const fault = await writeFault(dirname(directory));
    if (fault === undefined) return;
    throw directoryFault(directory, new StoreUnavailable(`cannot use ${directory}: ${fault}`));
  },
  ({ settings, log }) => checkOwnKey(settings, log),
  async ({ settings, log }) => void await policiesOfModules(settings.plugins.modules, log),
  ({ settings }) => checkEngine(settings.signatures),
];

/** Rejects with the first thing that keeps the relay from starting. */
export async function requireStart(start: StartSettings): Promise<void> {
  const chosen = { ...start, url: await chosenUrl(start.settings) };
  for (const check of questions) await check(chosen);
}

/**
 * All that keeps the relay from starting, but for what only the database knows: what each check
 * rejects with.
 *
 * @param listens whether the addresses are tried, which fails beside a relay that runs
 */
export async function startFaults(
  start: StartSettings,
  listens: boolean,
): Promise<readonly unknown[]> {
  const faults: unknown[] = [];
  await attempt(async () => {
    const chosen = { ...start, url: await chosenUrl(start.settings) };
    for (const check of [...questions, ...trials]) {
      await attempt(async () => await check(chosen), faults);
    }
  }, faults);
  // With wrong certificates or networks there is nothing to listen with.
  if (listens && faults.length === 0) await tryAddresses(start, faults);
  return faults;
}

async function chosenUrl({ database }: Settings): Promise<string> {
  try {
    return (await chooseDatabase(database)).url;
  } catch (error) {
    const why = messageOf(error);
    throw new UnusableSetting("database.data", `${database.data} cannot be used: ${why}`);
  }
}

async function attempt(work: () => Promise<void>, faults: unknown[]): Promise<void> {
  try {
    await work();
  } catch (error) {
    faults.push(error);
  }
}

/** Listens at all addresses at once, as `serve` does, and ends that. */
async function tryAddresses({ settings, clock }: StartSettings, faults: unknown[]): Promise<void> {
  // Connections at a shared port would be taken from the others.
  if (settings.network.reuse_port) return;
  const sockets = new RelaySockets({
    ...{ settings, clock, log: silentLog },
    onConnection: (connection) => connection.terminate(),
    onRequest: () => new Response("only a check of the settings\n", { status: 503 }),
  });
  for (const address of settings.network.listen) {
    await attempt(async () => void await sockets.listen(address), faults);
  }
  if (settings.metrics.listen !== "") {
    const { serveMetrics } = await import("./network/metrics_server.ts");
    const none = { read: () => [], close() {} };
    await attempt(async () => {
      const server = await serveMetrics(none, settings.metrics.listen, { clock, log: silentLog });
      await server.close();
    }, faults);
  }
  await sockets.close();
}
