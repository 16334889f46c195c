import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { nsecEncode } from "nostr-tools/nip19";
import { getPublicKey } from "nostr-tools/pure";
import { ownPublicKey } from "../../src/app/own_key.ts";
import type { SettingValue } from "../../src/app/settings/setting.ts";
import { settingsWith } from "../../src/app/settings/setting_list.ts";
import { type Log, silentLog } from "../../src/base/log.ts";

const secret = new Uint8Array(32).fill(7);
const publicKey = getPublicKey(secret);

/** The key that the settings lead to, and the warnings. */
async function keyOf(values: Readonly<Record<string, SettingValue>>) {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
  return {
    key: await ownPublicKey(settingsWith(new Map(Object.entries(values))), log),
    warnings,
  };
}

function withDirectory(name: string, work: (directory: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const directory = await Deno.makeTempDir();
    try {
      await work(directory);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("the key of the setting is the relay's, in either spelling", async () => {
  equal((await keyOf({ "relay.secret_key": secret.toHex() })).key, publicKey);
  equal((await keyOf({ "relay.secret_key": nsecEncode(secret) })).key, publicKey);
});

Deno.test("without a data directory and a setting there is no key", async () => {
  for (const url of ["memory:", "postgres://db/relay", "pglite:elsewhere"]) {
    equal((await keyOf({ "database.url": url, "database.data": "/proc/none" })).key, undefined);
  }
});

withDirectory("a key is made once, for the owner alone", async (directory) => {
  const data = `${directory}/new/data/`;
  const keys = await Promise.all(Array.from({ length: 5 }, () => keyOf({ "database.data": data })));
  match(keys[0]!.key!, /^[0-9a-f]{64}$/);
  equal(new Set(keys.map(({ key }) => key)).size, 1);
  deepEqual(keys.flatMap(({ warnings }) => warnings), []);
  deepEqual((await Array.fromAsync(Deno.readDir(data))).map(({ name }) => name), ["relay.key"]);
  equal((await Deno.stat(`${data}relay.key`)).mode! & 0o777, 0o600);
});

withDirectory("a key file is read with whatever white space is around it", async (directory) => {
  const path = `${directory}/key`;
  await Deno.writeTextFile(path, `\n ${nsecEncode(secret)}\r\n`, { mode: 0o600 });
  deepEqual(await keyOf({ "relay.key_file": path, "database.url": "memory:" }), {
    key: publicKey,
    warnings: [],
  });
});

withDirectory("who lets others read the key is told what to do", async (directory) => {
  const path = `${directory}/key`;
  await Deno.writeTextFile(path, secret.toHex());
  await Deno.chmod(path, 0o640);
  const { key, warnings } = await keyOf({ "relay.key_file": path });
  equal(key, publicKey);
  deepEqual(warnings, [`others may read the relay's own key: chmod 600 ${path}`]);
});

withDirectory(
  "a key file that is missing or broken is told, without its text",
  async (directory) => {
    const path = `${directory}/relay.key`;
    const named = { "relay.key_file": path };
    await rejects(keyOf(named), /^UnusableSetting: relay\.key_file: there is no file /);
    await Deno.writeTextFile(path, "12345678");
    for (const values of [named, { "database.data": directory }]) {
      await rejects(keyOf(values), (error: Error) => {
        match(
          error.message,
          /^relay\.key_file: .*relay\.key holds no secret key, expected /,
        );
        equal(error.message.includes("12345678"), false);
        return true;
      });
    }
    equal(await Deno.readTextFile(path), "12345678");
  },
);

withDirectory("a directory that cannot be made is told", async (directory) => {
  await Deno.writeTextFile(`${directory}/file`, "");
  await rejects(
    keyOf({ "database.data": `${directory}/file/data` }),
    /relay\.key_file: .* cannot be/,
  );
});
