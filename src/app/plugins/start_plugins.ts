/**
 * From the settings to running plugins.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Settings } from "../settings/setting_list.ts";
import { Plugin, type PluginHook } from "./plugin.ts";

/** Starts what the settings name. */
export function startPlugins(
  { plugins }: Pick<Settings, "plugins">,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): readonly Plugin[] {
  return plugins.commands.map((command) =>
    new Plugin({
      command,
      hooks: plugins.hooks as readonly PluginHook[],
      processes: plugins.processes,
      maxInFlight: plugins.max_in_flight,
      timeoutMs: plugins.timeout_ms,
      onFailure: plugins.on_failure,
      clock,
      log,
      changedMs: () => changedMs(command),
    })
  );
}

/** Only a command that is the path of a file can change. */
async function changedMs(command: string): Promise<number | undefined> {
  if (/\s/.test(command)) return undefined;
  try {
    return (await Deno.stat(command)).mtime?.getTime();
  } catch {
    // A program that is found by its name.
    return undefined;
  }
}
