/**
 * `config check` finds what `serve` refuses, and says the same.
 *
 * @module
 */

import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { commandFailure } from "../../src/app/command_line/run_command.ts";
import { exitCode } from "../../src/app/command_line/exit_code.ts";
import { checkConfig } from "../../src/app/commands/config_check.ts";
import { openOrReach } from "../../src/app/control/reach_store.ts";
import { silentLog } from "../../src/base/log.ts";
import { serve } from "../../src/app/commands/serve.ts";
import { loadSettings } from "../../src/app/settings/load_settings.ts";
import { FakeCommand } from "../kit/fake_command.ts";
import { withTree } from "../kit/temporary_tree.ts";

const tls = new URL("../vectors/tls/", import.meta.url).pathname;

/** Settings with which a relay starts. */
const good = `
[database]
url = "memory:"
[network]
listen = ["127.0.0.1:0"]
[signatures]
engine = "noble"
workers = 0
`;

/** A command with settings that are well-formed: those of `good`, and others. */
function commandWith(toml: string): FakeCommand {
  const flags = [...toml.matchAll(/^(\w+\.\w+) = (.*)$/gm)].map(([, name, json]) => {
    const value = JSON.parse(json!);
    const isText = typeof value !== "object" || typeof value[0] === "object";
    const text = isText ? (typeof value === "string" ? value : JSON.stringify(value)) : value;
    return { flag: "--set", name: name!, text };
  });
  const loaded = loadSettings({ file: { path: "config.toml", text: good }, flags });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const stop = new AbortController();
  stop.abort();
  return new FakeCommand({ ...loaded, stop: stop.signal });
}

/** What `serve` says, and its exit code. */
async function served(toml: string) {
  const { context } = commandWith(toml);
  try {
    return { sentence: "", code: await serve(context) };
  } catch (error) {
    return commandFailure(error, context.origins);
  }
}

/** What `config check` says on standard error, line by line, and its exit code. */
async function checked(toml: string, options = {}) {
  const fake = commandWith(toml);
  const code = await checkConfig(fake.context, options);
  const lines = fake.stderr.text.split("\n").filter((line) => line !== "")
    .map((line) => line.replace(/^gallimimus: /, ""));
  return { lines, code, stdout: fake.stdout.text };
}

async function occupied(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { server, port: address !== null && typeof address === "object" ? address.port : 0 };
}

const files = {
  "key": "no key\n",
  "broken.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  "policy.sh": "#!/bin/sh\ncat\n",
  "no_policy.ts": "export default 5;\n",
  "throws.ts": "throw new Error('not today');\n",
};

/** A name, the settings in a folder with `files` beside an occupied port, and the sentence. */
const broken: readonly [string, (folder: string, port: number) => string, RegExp][] = [
  [
    "a certificate that is missing",
    (f) => `tls.certificate_files = ["${f}/none.pem"]\ntls.key_files = ["${tls}localhost.key"]`,
    /^--set: tls\.certificate_files: \S+none\.pem cannot be read: /,
  ],
  [
    "a key that is missing",
    (f) => `tls.certificate_files = ["${tls}localhost.pem"]\ntls.key_files = ["${f}/none.key"]`,
    /^--set: tls\.key_files: \S+none\.key cannot be read: /,
  ],
  [
    "a certificate that is broken",
    (f) => `tls.certificate_files = ["${f}/broken.pem"]\ntls.key_files = ["${tls}localhost.key"]`,
    /^--set: tls\.certificate_files: \S+broken\.pem .*the certificate is not valid PEM/,
  ],
  [
    "a key of another certificate",
    () =>
      `tls.certificate_files = ["${tls}localhost.pem"]\ntls.key_files = ["${tls}relay.test.key"]`,
    /^--set: tls\.certificate_files: .*the key does not belong to the certificate of CN=localhost, O=Test$/,
  ],
  [
    "a certificate without a key",
    () => `tls.certificate_files = ["${tls}localhost.pem"]`,
    /^default: tls\.key_files: needs as many files as tls\.certificate_files$/,
  ],
  [
    "a key without a certificate",
    () => `tls.key_files = ["${tls}localhost.key"]`,
    /^--set: tls\.key_files: needs as many/,
  ],
  [
    "an authority that is missing",
    (f) =>
      `tls.certificate_files = ["${tls}localhost.pem"]\ntls.key_files = ["${tls}localhost.key"]\n` +
      `tls.client_authorities_file = "${f}/none"`,
    /^--set: tls\.client_authorities_file: \S+none cannot be read/,
  ],
  [
    "TLS without certificates",
    () => `network.listen = ["tls:127.0.0.1:0"]`,
    /^--set: network\.listen: "tls:127\.0\.0\.1:0" needs tls\.certificate_files/,
  ],
  [
    "a network with bits beyond its prefix",
    () => `network.trusted_proxies = ["10.0.0.1/99"]`,
    /^--set: network\.trusted_proxies: /,
  ],
  [
    "a client that is no network",
    () => `network.unlimited_clients = ["1.2.3"]`,
    /^--set: network\.unlimited_clients: /,
  ],
  [
    "several threads at a Unix socket",
    (f) => `network.workers = 2\nnetwork.listen = ["unix:${f}/socket"]`,
    /^--set: network\.workers: more than 1 needs TCP addresses/,
  ],
  [
    "the key of a mirror that is missing",
    (f) => `mirrors.relay = [{"url":"wss://a.example","auth_key_file":"${f}/none"}]`,
    /^--set: mirrors\.relay: auth_key_file of table 1: \S+none cannot be read/,
  ],
  [
    "a key file without a key",
    (f) => `relay.key_file = "${f}/key"`,
    /^--set: relay\.key_file: \S+key holds no secret key/,
  ],
  [
    "a key file that is missing",
    (f) => `relay.key_file = "${f}/none"`,
    /^--set: relay\.key_file: there is no file \S+none/,
  ],
  [
    "a data directory below a file",
    (f) => `database.url = ""\ndatabase.data = "${f}/key/data"`,
    /^--set: database\.data: \S+key\/data cannot be used: Not a directory/,
  ],
  [
    "a plugin that does not exist",
    (f) => `plugins.commands = ["${f}/none --fast"]`,
    /^--set: plugins\.commands: \S+none does not exist$/,
  ],
  [
    "a plugin that may not be executed",
    (f) => `plugins.commands = ["${f}/policy.sh"]`,
    /^--set: plugins\.commands: \S+policy\.sh may not be executed: chmod \+x/,
  ],
  [
    "a plugin that no shell finds",
    () => `plugins.commands = ["gallimimus-has-no-such-plugin"]`,
    /^--set: plugins\.commands: gallimimus-has-no-such-plugin is no program that the shell finds/,
  ],
  [
    "a policy module that is missing",
    (f) => `plugins.modules = ["${f}/none.ts"]`,
    /^--set: plugins\.modules: \S+none\.ts cannot be loaded/,
  ],
  [
    "a policy module that throws",
    (f) => `plugins.modules = ["${f}/throws.ts"]`,
    /^--set: plugins\.modules: \S+throws\.ts cannot be loaded: not today/,
  ],
  [
    "a policy module without a policy",
    (f) => `plugins.modules = ["${f}/no_policy.ts"]`,
    /^--set: plugins\.modules: \S+no_policy\.ts: its default export is no policy/,
  ],
  [
    "a library of signatures that is missing",
    (f) => `signatures.engine = "native"\nsignatures.library = "${f}/none.so"`,
    /^--set: signatures\.engine: .*none\.so/,
  ],
  [
    "a port that is bound",
    (_, port) => `network.listen = ["127.0.0.1:${port}"]`,
    /EADDRINUSE|in use/i,
  ],
  [
    "an address of another machine",
    () => `network.listen = ["192.0.2.1:0"]`,
    /^cannot listen at 192\.0\.2\.1 \(E\w+\): this machine has no such address/,
  ],
  [
    "one port twice",
    (_, port) => `network.listen = ["127.0.0.2:${port}", "127.0.0.2:${port}"]`,
    /EADDRINUSE|in use/i,
  ],
  [
    "a socket in a folder that is missing",
    (f) => `network.listen = ["unix:${f}/none/relay.sock"]`,
    /ENOENT|no such file/i,
  ],
  [
    "metrics at a port that is bound",
    (_, port) => `metrics.listen = "127.0.0.1:${port}"`,
    /EADDRINUSE|in use/i,
  ],
];

for (const [name, settings, expected] of broken) {
  Deno.test(`config check refuses what serve refuses: ${name}`, () =>
    withTree(files, async (folder) => {
      const { server, port } = await occupied();
      await Deno.chmod(`${folder}/key`, 0o600);
      const toml = settings(folder, port);
      const { sentence, code } = await served(toml);
      match(sentence, expected);
      equal(sentence.includes("\n"), false, sentence);
      const found = await checked(toml);
      // To `serve` it makes no difference whose the address is.
      const hint = "if this relay is what listens there: config check --running";
      deepEqual(found.lines, /EADDRINUSE/.test(sentence) ? [sentence, hint] : [sentence]);
      equal(found.code, code);
      notEqual(code, exitCode.done);
      equal(found.stdout.includes("valid"), false);
      server.close();
      await once(server, "close");
    }));
}

for (const kind of ["pglite", "managed"]) {
  Deno.test(`a directory of ${kind}: that cannot be made is found by both`, () =>
    withTree(files, async (folder) => {
      const toml = `database.url = "${kind}:${folder}/key/${kind}"`;
      const loaded = commandWith(toml).context;
      // As the program opens it.
      const openStore = () => openOrReach(loaded.settings, silentLog, { isAlone: true });
      const sentence = new RegExp(`^database: ${folder}/key/${kind} cannot be a database, because`);
      const failure = await serve({ ...loaded, openStore }).then(
        () => ({ sentence: "", code: exitCode.done }),
        (error) => commandFailure(error, loaded.origins),
      );
      match(failure.sentence, sentence);
      const { lines, code } = await checked(toml);
      deepEqual(lines, [failure.sentence]);
      deepEqual([code, failure.code], [exitCode.failed, exitCode.failed]);
    }));
}

Deno.test("what serve takes, config check takes, and leaves nothing behind", () =>
  withTree(files, async (folder) => {
    await Deno.chmod(`${folder}/policy.sh`, 0o755);
    const toml = `network.listen = ["tls:127.0.0.1:0", "unix:${folder}/relay.sock"]
tls.certificate_files = ["${tls}localhost.pem"]
tls.key_files = ["${tls}localhost.key"]
plugins.commands = ["${folder}/policy.sh", "cat", "A=b nowhere"]
metrics.listen = "127.0.0.1:0"`;
    const before = [...Deno.readDirSync(folder)].length;
    const { lines, code, stdout } = await checked(toml);
    deepEqual(lines.filter((line) => !line.startsWith("warning: others may read a key")), []);
    equal(code, exitCode.done);
    match(stdout, /settings are valid\n$/);
    equal([...Deno.readDirSync(folder)].length, before);
  }));

Deno.test("config check makes neither key nor data directory", () =>
  withTree({}, async (folder) => {
    const { lines, code } = await checked(`database.url = ""\ndatabase.data = "${folder}/a/b"`);
    deepEqual([lines, code], [[], exitCode.done]);
    deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("config check names everything that is wrong at once", () =>
  withTree(files, async (folder) => {
    await Deno.chmod(`${folder}/key`, 0o600);
    const { lines, code } = await checked(`network.trusted_proxies = ["1.2.3"]
relay.key_file = "${folder}/key"
plugins.commands = ["${folder}/none"]
plugins.modules = ["${folder}/none.ts"]`);
    const names = lines.map((line) => /^--set: ([\w.]+)/.exec(line)?.[1]);
    deepEqual(names, [
      "network.trusted_proxies",
      "plugins.commands",
      "relay.key_file",
      "plugins.modules",
    ]);
    equal(code, exitCode.misused);
  }));

Deno.test("beside a relay that runs config check does not try its addresses", async () => {
  const { server, port } = await occupied();
  const toml = `network.listen = ["127.0.0.1:${port}"]`;
  deepEqual((await checked(toml, { running: true })).code, exitCode.done);
  deepEqual((await checked(toml)).code, exitCode.failed);
  server.close();
  await once(server, "close");
});

Deno.test("config check and serve warn of keys that others may read, and of settings without effect", () =>
  withTree({ "key": `${"0".repeat(63)}1\n` }, async (folder) => {
    await Deno.chmod(`${folder}/key`, 0o644);
    const toml = `relay.key_file = "${folder}/key"
mirrors.relay = [{"url":"wss://a.example","auth_key_file":"${folder}/key"}]
database.pool_size = 5`;
    const { lines, code } = await checked(toml);
    deepEqual(lines.map((line) => line.replaceAll(folder, "")), [
      "warning: others may read the key of a mirror: chmod 600 /key",
      "warning: database.pool_size has no effect: the database is memory:",
      "warning: others may read the relay's own key: chmod 600 /key",
    ]);
    equal(code, exitCode.done);
  }));
