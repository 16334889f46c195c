import { deepEqual, equal, match } from "node:assert/strict";
import { Command } from "../../../src/app/command_line/commander.ts";
import { defineServe, serve } from "../../../src/app/commands/serve.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { RelayClient } from "../../kit/relay_client.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

Deno.test("serve takes addresses, and the settings that every command takes", async () => {
  const program = new Command();
  const runs: unknown[] = [];
  defineServe(program, (options) => {
    runs.push(options);
    return Promise.resolve();
  });
  const args = ["serve", "--listen", "a:1", "--listen", "b:2", "--data", "d"];
  await program.parseAsync(args, { from: "user" });
  deepEqual(runs, [{ listen: ["a:1", "b:2"], data: "d" }]);
});

const settings = settingsWith(
  new Map<string, string | number | readonly string[]>([
    ["database.url", "memory:"],
    ["signatures.workers", 0],
    ["network.listen", ["127.0.0.1:0", "127.0.0.1:0"]],
  ]),
);

Deno.test("serve says where it listens, once for each address, and ends with 0 when told to stop", async () => {
  const fake = new FakeCommand();
  const stop = new AbortController();
  const served = serve({ ...fake.context, settings, stop: stop.signal });
  while (fake.stdout.text.split("\n").length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const [first, second] = fake.stdout.text.trim().split("\n");
  for (const line of [first, second]) match(line!, /^listening on ws:\/\/127\.0\.0\.1:\d+$/);
  const client = await RelayClient.connect(first!.slice("listening on ".length));
  equal((await client.query([{ tags: new Map() }])).length, 0);
  await client.close();
  stop.abort();
  equal(await served, exitCode.done);
});

Deno.test("the address that serve tells has the relay's path", async () => {
  const fake = new FakeCommand();
  const stop = new AbortController();
  const network = { ...settings.network, listen: ["127.0.0.1:0"], path: "/nostr" };
  const context = { ...fake.context, settings: { ...settings, network }, stop: stop.signal };
  const served = serve(context);
  while (!fake.stdout.text.includes("\n")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const url = fake.stdout.text.trim().slice("listening on ".length);
  match(url, /^ws:\/\/127\.0\.0\.1:\d+\/nostr$/);
  for (const asked of [url, `${url}/`]) {
    const client = await RelayClient.connect(asked);
    await client.close();
    const response = await fetch(asked.replace("ws:", "http:"), {
      headers: { Accept: "application/nostr+json" },
    });
    equal(response.headers.get("Content-Type"), "application/nostr+json");
    await response.body?.cancel();
  }
  stop.abort();
  equal(await served, exitCode.done);
});
