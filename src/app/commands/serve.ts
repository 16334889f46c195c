/**
 * `gallimimus serve`: runs the relay.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_text.ts";
import { primaryAddress } from "../../net/address/primary_address.ts";
import type { Command } from "../command_line/commander.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import {
  type SettingOptions,
  withListenOption,
  withSettingOptions,
} from "../command_line/setting_options.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { watchHangup } from "../command_line/signals.ts";
import { ServerAway } from "../../store/database/connect_fault.ts";
import { awaitServer } from "../database/await_server.ts";
import { chooseDatabase } from "../database/choose_database.ts";
import { embeddedDirectory } from "../database/database_url.ts";
import { withoutPassword } from "../settings/secrets.ts";
import type { ControlServer, ControlServerOptions } from "../control/control_server.ts";
import { controlPlace, pathFault } from "../control/control_socket.ts";
import { ServiceManager } from "../system/service_manager.ts";
import type { MetricsServer, MetricsSource } from "../network/metrics_server.ts";
import type { ServedRelay } from "../served_relay.ts";
import { SettingReload } from "../settings/reload.ts";
import { FileWatch } from "../system/file_watch.ts";

const NO_URL = "relay.url is not set: requests to vanish that name this relay are refused, " +
  "and AUTH takes the address that a client connected to for the relay's own; set it on a public relay";

const MS_PER_SECOND = 1_000;

/** Adds the command to the program. */
export function defineServe(program: Command, run: RunCommand): void {
  const command = program.command("serve").description("run the relay until it is told to stop");
  withSettingOptions(withListenOption(command))
    .action((options: SettingOptions) => run(options, serve));
}

/** Runs the relay until `stop` aborts, then shuts it down. */
export async function serve(context: CommandContext): Promise<ExitCode> {
  const { settings, log, clock, streams, stop } = context;
  const manager = new ServiceManager(context);
  // Imported late, as other modules here, to keep the other commands fast to start.
  const { requireStart } = await import("../start_checks.ts");
  await requireStart(context);
  const { ownPublicKey } = await import("../own_key.ts");
  const self = await ownPublicKey(settings, log);
  if (settings.relay.url === "") log.warn(NO_URL);
  const served = await started(context, self);
  if (served === undefined) return exitCode.done;
  const { host, lent, measure } = served;
  const endReloading = reloading(context, host);
  let metrics: MetricsServer | undefined;
  let control: ControlServer | undefined;
  let code: ExitCode;
  try {
    // Before the relay says that it listens: scripts run commands and look at the metrics then.
    control = await answerCommands({ ...lent, activity: () => host.activity() }, context);
    if (settings.metrics.listen !== "") {
      const { serveMetrics } = await import("../network/metrics_server.ts");
      metrics = await serveMetrics(await measure(), settings.metrics.listen, { clock, log });
      log.info("metrics for Prometheus", { url: metrics.url });
    }
    const urls: string[] = [];
    for (const address of settings.network.listen) {
      const url = await host.listen(address);
      urls.push(url);
      // Scripts wait for this line: connections are accepted from here on.
      await streams.stdout.write(utf8(`listening on ${url}\n`));
      const reachable = reachableUrl(url);
      if (reachable !== undefined) log.info("reachable by others", { url: reachable });
    }
    manager.ready(`listening on ${urls.join(", ")}`);
    code = await ending(stop, host);
    manager.stopping();
    log.info("shutting down", { connections: host.connectionCount });
  } finally {
    endReloading();
    await metrics?.close();
    await control?.close();
    await host.close();
    manager.close();
  }
  log.info("stopped");
  return code;
}

/** Waits until the relay is told to stop, or cannot go on. */
function ending(stop: AbortSignal, { failed }: ServedRelay): Promise<ExitCode> {
  return new Promise((resolve) => {
    void aborted(stop).then(() => resolve(exitCode.done));
    void failed?.then(() => resolve(exitCode.failed));
  });
}

/** A relay, and what is served beside it. */
interface Served {
  readonly host: ServedRelay;
  readonly lent: LentStore;
  readonly measure: () => MetricsSource | Promise<MetricsSource>;
}

/** What of the database commands are lent. */
interface LentStore extends Omit<ControlServerOptions, "activity"> {
  /** The database that was chosen. */
  readonly url: string;
}

/**
 * Starts the relay when its database answers. Undefined if it was told to stop while it waited for that.
 */
async function started(
  context: CommandContext,
  self: string | undefined,
): Promise<Served | undefined> {
  const { settings, log, clock, stop } = context;
  const start = settings.network.workers > 1 ? startWorkers : startHost;
  const waitMs = settings.database.start_wait_s * MS_PER_SECOND;
  try {
    return await awaitServer(() => start(context, self), { log, clock, waitMs, stop });
  } catch (error) {
    if (stop.aborted && error instanceof ServerAway) return undefined;
    throw error;
  }
}

/** Starts the relay in this thread. */
async function startHost(context: CommandContext, self: string | undefined): Promise<Served> {
  const { RelayHost } = await import("../relay_host.ts");
  const { settings, log, clock } = context;
  const { url, because } = await chooseDatabase(settings.database);
  const opened = await context.openStore(url, { isAlone: true });
  log.info("store opened", { database: withoutPassword(url), because });
  const host = await RelayHost.start({ settings, store: opened, clock, log, self });
  const store = embeddedDirectory(url) === undefined ? undefined : host.store;
  return {
    host,
    lent: { url, store, onRulesChanged: () => host.readRules() },
    async measure() {
      const { HostMetrics } = await import("../network/metrics_server.ts");
      return new HostMetrics(host, { clock, startedMs: clock.nowMs() });
    },
  };
}

/** Starts the relay in several threads. */
async function startWorkers(context: CommandContext, self: string | undefined): Promise<Served> {
  const { WorkerGroup } = await import("../workers/worker_group.ts");
  const { settings: read, log, addressSecret, clock } = context;
  const { url, because } = await chooseDatabase(read.database);
  const settings = { ...read, database: { ...read.database, url } };
  const group = await WorkerGroup.start({ settings, clock, log, self, addressSecret });
  log.info("store opened", { database: withoutPassword(url), because });
  const { own } = group;
  // The threads hear from the database what commands change.
  const onRulesChanged = () => Promise.resolve();
  return {
    host: group,
    lent: { url, store: own?.store, onRulesChanged },
    measure: () => ({ read: () => group.metrics(), close() {} }),
  };
}

/**
 * Reads settings and certificates again at SIGHUP, and the settings when the configuration file
 * changes. Returns a function that ends this.
 */
function reloading(context: CommandContext, host: ServedRelay): () => void {
  const { source, log, clock, streams } = context;
  const reload = new SettingReload({
    running: context.settings,
    load: () => source.load(),
    heldBack: (read) => host.heldBack(read),
    prepare: (settings) => host.prepare(settings),
    applyLog: (settings) => context.applyLog(settings),
    log,
  });
  // In a terminal, SIGHUP means that the terminal was closed: `watchStopSignals` handles it.
  const ignoreHangup = streams.stderr.isTerminal ? () => {} : watchHangup(() => {
    // After the settings, which may name other files.
    void reload.request("signal").finally(() => host.reloadCertificates());
  });
  const watch = source.path === undefined
    ? undefined
    : new FileWatch({ path: source.path, clock, onChange: () => void reload.request("file") });
  return () => {
    ignoreHangup();
    watch?.close();
  };
}

/**
 * Answers commands beside this relay: it lends them the store of an embedded database, which no other
 * process can open. Without that the relay serves all the same.
 */
async function answerCommands(
  lent: LentStore & ControlServerOptions,
  { log, settings: { database } }: CommandContext,
): Promise<ControlServer | undefined> {
  if (!database.control_socket || Deno.build.os === "windows") return undefined;
  const { path, directory } = controlPlace(lent.url, database.data);
  try {
    const fault = pathFault(path);
    if (fault !== undefined) throw new Error(fault);
    await Deno.mkdir(directory, { recursive: true });
    const { ControlServer } = await import("../control/control_server.ts");
    const control = await ControlServer.open(path, lent);
    log.info("commands are answered", { at: path });
    return control;
  } catch (error) {
    const why = messageOf(error);
    const fields = { at: path, error: why };
    // Without a store of the relay's, nothing but `top` needs it.
    if (lent.store === undefined) log.info("`top` cannot ask this relay", fields);
    else log.warn("commands cannot be answered while the relay runs", fields);
    return undefined;
  }
}

/** The URL of a listener on all interfaces, with an address that other machines can reach. */
function reachableUrl(url: string): string | undefined {
  const [, scheme, host, port, path = ""] =
    /^(wss?):\/\/(0\.0\.0\.0|\[::\]):(\d+)(\/.*)?$/.exec(url) ?? [];
  if (host === undefined) return undefined;
  const address = primaryAddress(4) ?? (host === "[::]" ? primaryAddress(6) : undefined);
  if (address === undefined) return undefined;
  return `${scheme}://${address.includes(":") ? `[${address}]` : address}:${port}${path}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
