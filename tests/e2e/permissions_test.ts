/**
 * The program with the permissions of docs/running.md and no others.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { until } from "../kit/mirrored_relays.ts";
import { OtherRelay } from "../kit/other_relay.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const page = Deno.readTextFileSync(new URL("../../docs/running.md", import.meta.url));

/** The commands of the page, by the kind of their database. */
const commands = new Map(
  [...page.matchAll(/^deno run --no-prompt [^]*?(?=^```)/gm)].map(([text]) => {
    const words = text.trim().replaceAll("\\\n", " ").split(/\s+/);
    const database = words[words.indexOf("--database") + 1]!;
    return [database.split(":")[0]!, { words, database }];
  }),
);

const signer = new SchnorrSigner(new SeededRandom(5));

function note(content: string, at: number) {
  return signer.sign({ kind: 1, created_at: 1_700_000_000 + at, tags: [], content });
}

/** Refuses events whose content is `no`. */
const PLUGIN = `#!/bin/sh
while read -r line; do
  id=$(printf %s "$line" | sed 's/.*"id":"\\([0-9a-f]*\\)".*/\\1/')
  case $line in *'"content":"no"'*) action=reject ;; *) action=accept ;; esac
  printf '{"id":"%s","action":"%s"}\\n' "$id" "$action"
done
`;

async function denoDir(): Promise<string> {
  const args = ["info", "--json"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: "/" }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function run(permissions: readonly string[], args: readonly string[]) {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("the page names commands for both embedded databases", () => {
  deepEqual([...commands.keys()], ["pglite", "managed"]);
});

for (const [kind, { words, database }] of commands) {
  const more = kind === "managed" ? "network.workers = 2" : "";
  Deno.test(`the permissions of the page are enough on ${kind}: for a mirror, a plugin, threads and commands`, async () => {
    const directory = await Deno.makeTempDir();
    // Postgres may run as somebody else, who has to get there.
    await Deno.chmod(directory, 0o755);
    const places = {
      "/opt/gallimimus": root,
      "/var/cache/gallimimus": await denoDir(),
      "/etc/gallimimus": `${directory}/etc`,
      "/var/lib/gallimimus": `${directory}/data`,
    };
    const here = (word: string) =>
      Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), word);
    const permissions = words.filter((word) => word.startsWith("--allow-")).map(here);
    const mayRun = permissions.includes("--allow-run") ? [] : ["--allow-run=sh"];
    try {
      await Deno.mkdir(`${directory}/etc`);
      await Deno.writeTextFile(`${directory}/etc/policy.sh`, PLUGIN, { mode: 0o755 });
      await using other = new OtherRelay({}, [note("mirrored", 1), note("no", 2)]);
      const config = here("/etc/gallimimus/config.toml");
      await Deno.writeTextFile(
        config,
        `${more && `[network]\nworkers = 2\n`}
[plugins]
commands = ["${directory}/etc/policy.sh"]
[[mirrors.relay]]
url = "${other.url}"
`,
      );
      const url = here(database);
      await using relay = await startRelay({
        database: url,
        config,
        permissions: [...permissions, ...mayRun],
      });
      await using client = await RelayClient.connect(relay.url);
      equal((await client.publish(note("yes", 3)))?.accepted, true);
      equal((await client.publish(note("no", 4)))?.accepted, false);
      const all = { kinds: new Set([1]), tags: new Map() };
      ok(await until(async () => (await client.query([all])).length === 2), "it is mirrored");

      const settings = ["--config", config, "--database", url];
      const counted = await run(permissions, [`${root}/mod.ts`, "count", "{}", ...settings]);
      match(counted.stdout, /^2\b/, counted.stderr);
      equal(await relay.stop(), 0);
      const refused = relay.log.filter((line) => /Requires \S+ access|NotCapable/.test(line));
      deepEqual(refused, []);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("for memory: the configuration, the network and the environment are enough", async () => {
  const config = await Deno.makeTempFile();
  try {
    await using relay = await startRelay({
      ...{ database: "memory:", config, settings: ["signatures.engine=noble"] },
      permissions: ["--allow-net=127.0.0.1:0", "--allow-env", `--allow-read=${config},${root}`],
      // As where npx started it.
      environment: { npm_command: "exec" },
    });
    await using client = await RelayClient.connect(relay.url);
    equal((await client.publish(note("yes", 5)))?.accepted, true);
    equal(await relay.stop(), 0);
  } finally {
    await Deno.remove(config);
  }
});
