/**
 * `gallimimus upgrade`: brings the data of the private server to the major version of Postgres that this
 * version of the relay has.
 *
 * It is a backup with the old programs and a restore with the new ones, into a directory of its own. The
 * old data are moved aside when the new ones were checked, and stay there.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { openBackup, verifyFiles } from "../backup/read_backup.ts";
import { restoreBackup } from "../backup/restore_backup.ts";
import { writeBackup } from "../backup/write_backup.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print } from "../command_line/with_store.ts";
import { chooseDatabase } from "../database/choose_database.ts";
import { clusterVersions, findPrograms, readOlderCluster } from "../database/older_cluster.ts";
import { replaceCluster, upgradedPath } from "../../postgres_server/data_cluster.ts";
import type { InstalledPostgres } from "../../postgres_server/managed_postgres.ts";
import { giveDirectory, serverAccount } from "../../postgres_server/server_account.ts";
import { DataDirectory } from "../../store/database/data_directory.ts";
import { checkEvents, findingsText } from "./check.ts";

interface UpgradeFlags {
  /** The directory of the old programs. Default: where the relay has laid them out. */
  readonly programs?: string;
}

/** Everyone may pass through, as through the directory of the server. */
const PASSABLE = 0o711;

/** Adds the command to the program. */
export function defineUpgrade(program: Command, run: RunCommand): void {
  const command = program.command("upgrade")
    .description("bring the private server's data to this version's Postgres; stop the relay first")
    .option(
      "--programs <dir>",
      "the programs of the old version, such as /usr/lib/postgresql/15/bin",
    );
  withSettingOptions(command).action((options: UpgradeFlags & SettingOptions) =>
    run(options, (context) => upgrade(context, options))
  );
}

/** Upgrades the data, or says why it cannot. What goes wrong leaves the old data as they were. */
export async function upgrade(
  context: CommandContext,
  { programs }: UpgradeFlags,
): Promise<ExitCode> {
  const { url } = await chooseDatabase(context.settings.database);
  const [, named] = /^managed:(.+?)\/*$/.exec(url) ?? [];
  if (named === undefined) {
    return await complain(
      context,
      "upgrade: only the private server (managed:) is the relay's own",
    );
  }
  const versions = await clusterVersions(named);
  if ("fault" in versions) return await complain(context, `upgrade: ${versions.fault}`);
  const { data, packaged } = versions;
  if (data === packaged) {
    await print(context, `the data are of Postgres ${data} already: there is nothing to do`);
    return exitCode.done;
  }
  const installed = await findPrograms(named, data, programs);
  if ("fault" in installed) return await complain(context, `upgrade: ${installed.fault}`);
  const directory = await Deno.realPath(named);
  const old = oldPath(directory, data);
  if (await exists(old)) {
    return await complain(context, `upgrade: ${old} exists: move it away`, exitCode.failed);
  }
  return await new Upgrade({ context, directory, installed, major: data }).run();
}

/** What an upgrade works with. */
interface UpgradeOptions {
  readonly context: CommandContext;
  /** Of the private server. */
  readonly directory: string;
  /** The old programs, and the major version of the data. */
  readonly installed: InstalledPostgres;
  readonly major: string;
}

/** One upgrade: `upgrade/` in the server's directory has the backup and the new server. */
class Upgrade {
  readonly #options: UpgradeOptions;
  readonly #work: string;
  readonly #progress: ProgressLine;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#work = `${options.directory}/upgrade`;
    this.#progress = new ProgressLine(options.context);
  }

  async run(): Promise<ExitCode> {
    const { context, directory, major } = this.#options;
    try {
      const unreadable = await this.#backUp();
      if (unreadable > 0) {
        await this.#progress.clear();
        return await this.#refuse(
          `${unreadable} rows are no events: check --repair of the earlier version removes them`,
        );
      }
      // The new server has a directory of its own, so the lock of this one keeps the relay out.
      const claimed = await DataDirectory.claim(directory);
      try {
        const fault = await this.#restore();
        await this.#progress.clear();
        if (fault !== undefined) return await this.#refuse(fault);
        return await this.#replace();
      } finally {
        claimed.release();
      }
    } catch (error) {
      await this.#progress.clear();
      if (!context.stop.aborted) throw error;
      const unchanged = `interrupted: the data of Postgres ${major} are as they were`;
      return await complain(context, unchanged, exitCode.interrupted);
    }
  }

  /**
   * Has the server's lock while it works, so what an earlier attempt left is nobody's. Gives the number of
   * rows that are no events, which no backup has.
   */
  async #backUp(): Promise<number> {
    const { context: { stop, clock, log }, directory, installed } = this.#options;
    return await readOlderCluster({ directory, installed, log }, async (store) => {
      await removeAll(this.#work);
      await makePassable(this.#work);
      const { unreadable } = await writeBackup(`${this.#work}/backup`, {
        ...{ store, state: store.state, clock, signal: stop, keyPath: undefined },
        onProgress: (events) => this.#progress.show(() => `${events} events read`),
      });
      return unreadable;
    });
  }

  /** Restores into the new server, and checks it. Gives a sentence if not all is as it was. */
  async #restore(): Promise<string | undefined> {
    const { context, directory } = this.#options;
    const { stop: signal, clock } = context;
    const path = `${this.#work}/backup`;
    const manifest = await openBackup(path);
    await verifyFiles(path, manifest, { signal });
    const home = `${this.#work}/postgres`;
    await makePassable(home);
    // The new data belong to whom the old ones belong to.
    await giveDirectory(`${home}/data`, await serverAccount(`${directory}/data`));
    const store = await context.openStore(`managed:${home}`, { isAlone: true });
    try {
      const { events } = await restoreBackup(path, manifest, {
        ...{ store, state: store.state!, keyPath: undefined, nowMs: clock.nowMs(), signal },
        // As they were: an import may have taken them on trust.
        verifier: undefined,
        onProgress: ({ stored }) =>
          this.#progress.show(() => `${stored} of ${manifest.counts.events} events written`),
      });
      if (events.stored !== manifest.counts.events) {
        return `${manifest.counts.events} events were read and ${events.stored} stored`;
      }
      const findings = await checkEvents(store, context, { verify: false });
      return findings.faults.size === 0 ? undefined : findingsText(findings, false);
    } finally {
      await store.close();
    }
  }

  async #replace(): Promise<ExitCode> {
    const { context, directory, major } = this.#options;
    const data = `${directory}/data`;
    const old = oldPath(directory, major);
    await removeAll(upgradedPath(data));
    await Deno.rename(`${this.#work}/postgres/data`, upgradedPath(data));
    await replaceCluster(data, old);
    await removeAll(this.#work);
    await print(
      context,
      `upgraded and checked; the data of Postgres ${major} are in ${old}: remove them when all is well`,
    );
    return exitCode.done;
  }

  async #refuse(fault: string): Promise<ExitCode> {
    const { context, major } = this.#options;
    const sentence = `upgrade: ${fault}; the data of Postgres ${major} are as they were`;
    return await complain(context, sentence, exitCode.failed);
  }
}

/** Where the old data are kept. */
function oldPath(directory: string, major: string): string {
  return `${directory}/data-${major}`;
}

async function makePassable(path: string): Promise<void> {
  await Deno.mkdir(path);
  await Deno.chmod(path, PASSABLE);
}

async function removeAll(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
