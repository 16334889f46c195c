import { deepEqual, equal, match, ok } from "node:assert/strict";
import { decode, npubEncode, nsecEncode } from "nostr-tools/nip19";
import { getPublicKey } from "nostr-tools/pure";
import { makeKey } from "../../../src/app/commands/keygen.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { readAuthKeyFile } from "../../../src/app/auth_key.ts";
import { ownPublicKey } from "../../../src/app/own_key.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { silentLog } from "../../../src/base/log.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

async function keygen(flags = {}) {
  const fake = new FakeCommand();
  const code = await makeKey(fake.context, flags);
  return { code, stdout: fake.stdout.text, stderr: fake.stderr.text };
}

Deno.test("a key pair is printed in the spellings of NIP-19 and NIP-01", async () => {
  const { code, stdout, stderr } = await keygen();
  deepEqual([code, stderr], [exitCode.done, ""]);
  const [, nsec] = /^nsec: (nsec1\w+)\nnpub: npub1\w+\npubkey: [0-9a-f]{64}\n$/.exec(stdout)!;
  const decoded = decode(nsec!);
  ok(decoded.type === "nsec");
  const pubkey = getPublicKey(decoded.data);
  const pair = { nsec: nsecEncode(decoded.data), npub: npubEncode(pubkey), pubkey };
  equal(stdout, `nsec: ${pair.nsec}\nnpub: ${pair.npub}\npubkey: ${pair.pubkey}\n`);
  // The same seed gives the same key.
  deepEqual(JSON.parse((await keygen({ json: true })).stdout), pair);
});

Deno.test("with --file the secret key is in a file for its owner alone, which relay and commands read", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/key`;
    const { code, stdout } = await keygen({ file });
    equal(code, exitCode.done);
    match(stdout, /^file: .*\/key\nnpub: npub1\w+\npubkey: [0-9a-f]{64}\n$/);
    equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    const settings = settingsWith(new Map([["relay.key_file", file]]));
    const pubkey = await ownPublicKey(settings, silentLog);
    ok(stdout.endsWith(`pubkey: ${pubkey}\n`));
    const read = await readAuthKeyFile(file);
    equal("signer" in read && read.signer?.pubkey, pubkey);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a file that exists is left alone, and one that cannot be made is told", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/key`;
    await Deno.writeTextFile(file, "precious");
    await Deno.symlink(`${directory}/elsewhere`, `${directory}/link`);
    for (const taken of [file, `${directory}/link`]) {
      deepEqual(await keygen({ file: taken }), {
        code: exitCode.failed,
        stdout: "",
        stderr: `gallimimus: ${taken} exists already and is left as it is: name another file\n`,
      });
    }
    equal(await Deno.readTextFile(file), "precious");
    const { code, stdout, stderr } = await keygen({ file: `${directory}/none/key` });
    deepEqual([code, stdout], [exitCode.failed, ""]);
    match(stderr, /^gallimimus: .*none\/key cannot be made: .+\n$/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
