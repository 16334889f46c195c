import { deepEqual, equal, throws } from "node:assert/strict";
import { npubEncode, nsecEncode } from "nostr-tools/nip19";
import { loadSettings } from "../../../src/app/settings/load_settings.ts";
import {
  readPublicKey,
  readPublicKeys,
  readSecretKey,
} from "../../../src/app/settings/key_text.ts";

const key = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const npub = npubEncode(key);

Deno.test("a key is read in either spelling, and what is none is not", () => {
  equal(readPublicKey(key), key);
  equal(readPublicKey(npub), key);
  const slip = npub.slice(0, -1) + (npub.endsWith("q") ? "p" : "q");
  const secret = nsecEncode(new Uint8Array(32).fill(1));
  for (const text of ["", key.toUpperCase(), slip, secret, "npub1", "n".repeat(1_000)]) {
    equal(readPublicKey(text), undefined, text);
  }
  throws(() => readPublicKeys("access.members", [key, slip]), /access.members/);
});

Deno.test("a secret key is read in either spelling, and what is none is not", () => {
  const bytes = new Uint8Array(32).fill(1);
  deepEqual(readSecretKey(bytes.toHex()), bytes);
  deepEqual(readSecretKey(nsecEncode(bytes)), bytes);
  const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  for (const text of ["", npub, "0".repeat(64), order, `${nsecEncode(bytes)}q`, "f".repeat(64)]) {
    equal(readSecretKey(text), undefined, text);
  }
  equal(readSecretKey(order.replace(/1$/, "0"))?.length, 32);
});

Deno.test("a mistake in a secret key is told without the key", () => {
  const text = `${nsecEncode(new Uint8Array(32).fill(1)).slice(0, -1)}q`;
  const loaded = loadSettings({ flags: [{ flag: "--set", name: "relay.secret_key", text }] });
  equal("problems" in loaded && loaded.problems.length, 1);
  equal(JSON.stringify(loaded).includes("nsec1q"), false);
});

Deno.test("settings take keys in either spelling, and say which one is wrong", () => {
  const load = (text: string) =>
    loadSettings({ flags: [{ flag: "--set", name: "access.members", text }] });
  const good = load(`${npub},${key}`);
  deepEqual("settings" in good && good.settings.access.members, [npub, key]);
  equal("problems" in load(`${npub.slice(0, -1)}q`) || npub.endsWith("q"), true);
});

Deno.test("a preset says what nothing else does, and an empty list can be said", () => {
  const load = (...flags: [string, string][]) => {
    const loaded = loadSettings({
      flags: flags.map(([name, text]) => ({ flag: "--set", name, text })),
    });
    if (!("settings" in loaded)) throw new Error("wrong settings");
    const { writers, readers, private_kinds } = loaded.settings.access;
    return [writers, readers, private_kinds.length];
  };
  deepEqual(load(), ["anyone", "anyone", 3]);
  deepEqual(load(["access.preset", "members"]), ["members", "members", 3]);
  deepEqual(load(["access.preset", "inbox"], ["access.readers", "anyone"]), [
    "correspondents",
    "anyone",
    3,
  ]);
  deepEqual(load(["access.private_kinds", ""]), ["anyone", "anyone", 0]);
});
