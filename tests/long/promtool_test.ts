/**
 * What Prometheus itself says of the metrics of the real program, of the alerts and of the questions
 * of the dashboard. Where promtool is not installed, the tests are off and say so.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { freePort } from "../kit/free_port.ts";
import { isInstalled } from "../kit/installed.ts";
import { startRelay } from "../kit/running_relay.ts";

const docs = new URL("../../docs/", import.meta.url).pathname;
const ignore = !isInstalled("promtool");

Deno.test({
  name: "promtool finds nothing wrong with the metrics",
  ignore: ignore,
  async fn() {
    const port = freePort();
    await using relay = await startRelay({
      database: "memory:",
      settings: [`metrics.listen=127.0.0.1:${port}`],
    });
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const child = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    equal(decoder.decode(stdout) + decoder.decode(stderr), "");
    equal(success, true);
    equal(await relay.stop(), 0);
  },
});

Deno.test({
  name: "promtool can read the alerts, and what the dashboard asks for",
  ignore: ignore,
  async fn() {
    const dashboard: { panels: { targets: { expr: string }[] }[] } = JSON.parse(
      await Deno.readTextFile(`${docs}grafana.json`),
    );
    const rules = dashboard.panels.flatMap(({ targets }) => targets)
      .map(({ expr }, at) => ({
        record: `dashboard:${at}`,
        expr: expr.replaceAll("$__rate_interval", "5m"),
      }));
    // JSON is YAML, too.
    const file = await Deno.makeTempFile({ suffix: ".yaml" });
    await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    for (const path of [`${docs}alerts.yaml`, file]) {
      const { success, stderr } = await new Deno.Command("promtool", {
        args: ["check", "rules", path],
      }).output();
      equal(success, true, new TextDecoder().decode(stderr));
    }
    await Deno.remove(file);
  },
});
