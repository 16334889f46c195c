/**
 * Opens the store of a command, or reaches the running relay.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import { DirectoryInUse } from "../../store/database/data_directory.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { chooseDatabase, requireDatabase } from "../database/choose_database.ts";
import { openStore } from "../database/open_store.ts";
import type { Settings } from "../settings/setting_list.ts";
import type { ControlClient } from "./control_client.ts";
import { controlPlace, controlSocketPath, ownerFault, pathFault } from "./control_socket.ts";

/** How a store is opened, see `OpenOptions` of commands. */
export interface ReachOptions {
  readonly isAlone?: boolean;
  readonly mustExist?: boolean;
}

/**
 * The store that the settings name. If a running relay has locked its directory, and `isAlone` is not set,
 * the relay's own store.
 *
 * Rejects with {@link StoreUnavailable} if neither can be had, or if it `mustExist` and does not.
 */
export async function openOrReach(
  settings: Settings,
  log: Log,
  { isAlone = false, mustExist = false }: ReachOptions = {},
): Promise<TidyStore> {
  if (mustExist) await requireDatabase(settings.database);
  try {
    return await openStore(settings, log);
  } catch (error) {
    if (isAlone || !(error instanceof DirectoryInUse)) throw error;
    return await remoteStore(error);
  }
}

/** The relay that runs with these settings, or why there is none to be asked. */
export async function reachRelay(
  { database }: Pick<Settings, "database">,
): Promise<ControlClient | { readonly fault: string }> {
  const { url } = await chooseDatabase(database);
  const { path, directory } = controlPlace(url, database.data);
  const fault = pathFault(path) ?? await ownerFault(path, directory);
  if (fault !== undefined) return { fault };
  const { ControlClient } = await import("./control_client.ts");
  return new ControlClient(path);
}

/** The store of the relay that has locked the directory. */
async function remoteStore({ message, path: directory }: DirectoryInUse): Promise<TidyStore> {
  const path = controlSocketPath(directory);
  const fault = pathFault(path) ?? await ownerFault(path, directory);
  if (fault !== undefined) throw new StoreUnavailable(`${message}; ${fault}`);
  // Imported late: most commands open the store themselves.
  const { RemoteStore } = await import("./remote_store.ts");
  const { ControlClient } = await import("./control_client.ts");
  const store = new RemoteStore(new ControlClient(path));
  try {
    // Tells whether somebody answers, and whether it is this version.
    await store.tableSizes();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
