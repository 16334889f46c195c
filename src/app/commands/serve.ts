/**
 * `gallimimus serve`: run the relay.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import type { RunCommand } from "../command_line/command_context.ts";
import {
  type SettingOptions,
  withListenOption,
  withSettingOptions,
} from "../command_line/setting_options.ts";

/**
 * Adds the command to the program.
 */
export function defineServe(program: Command, run: RunCommand): void {
  const command = program.command("serve").description("run the relay until it is told to stop");
  withSettingOptions(withListenOption(command))
    .action((options: SettingOptions) =>
      run(options, async (context) => {
        // Imported late: no other command needs the sockets and the rooms behind them.
        const { serve } = await import("../serve.ts");
        return serve(context);
      })
    );
}
