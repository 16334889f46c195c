/**
 * What systemd itself says of the unit of `packaging/`. Where it is not installed, the test is off and
 * says so.
 *
 * @module
 */
import { isInstalled } from "../kit/installed.ts";

import { equal } from "node:assert/strict";

const unit = new URL("../../packaging/gallimimus.service", import.meta.url);

Deno.test({
  name: "systemd-analyze finds nothing wrong with the unit",
  ignore: !isInstalled("systemd-analyze"),
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
    const path = `${directory}/gallimimus.service`;
    // That the programs are where the unit has them is the operator's affair.
    const text = (await Deno.readTextFile(unit))
      .replace("/usr/local/bin/deno run", "/bin/true run")
      .replace(/^Documentation=.*\n/m, "");
    await Deno.writeTextFile(path, text);
    const { success, stderr } = await new Deno.Command("systemd-analyze", {
      args: ["verify", "--man=no", path],
    }).output();
    equal(new TextDecoder().decode(stderr), "");
    equal(success, true);
    await Deno.remove(directory, { recursive: true });
  },
});
