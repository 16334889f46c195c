import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { policiesOfModules } from "../../../src/app/plugins/policy_modules.ts";
import { silentLog } from "../../../src/base/log.ts";
import { RelayClient } from "../../kit/relay_client.ts";
import { startRelay } from "../../kit/running_relay.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

/** Writes a module and removes it after `work`. */
async function withModule(text: string, work: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, text);
    await work(path);
  } finally {
    await Deno.remove(path);
  }
}

const policies: Readonly<Record<string, string>> = {
  "a policy": `export default { name: "a", screen: () => undefined };`,
  "a list": `export default [{ name: "a", event: () => undefined }];`,
  "a function": `export default () => ({ name: "a", request: () => undefined, timeoutMs: 5 });`,
  "a promise": `export default async () => [{ name: "a", deliver: () => true }];`,
};
for (const [what, text] of Object.entries(policies)) {
  Deno.test(`a module may export ${what}`, () =>
    withModule(text, async (path) => {
      deepEqual((await policiesOfModules([path], silentLog)).map(({ name }) => name), ["a"]);
    }));
}

const faults: Readonly<Record<string, RegExp>> = {
  "export const a = 1;": /: its default export is no policy/,
  "export default [1];": /: its default export is no policy/,
  "export default { screen: () => undefined };": /: a policy has no name$/,
  'export default { name: "a", screen: 1 };': /: screen of the policy "a" is not a function$/,
  'export default { name: "a", sceen() {} };':
    /: the policy "a" has sceen, which is no hook: connect/,
  'export default { name: "a" };': /: the policy "a" has no hook$/,
  'throw new Error("out of order");': / cannot be loaded: out of order$/,
  'export default () => { throw new Error("no list"); };': / cannot be loaded: no list$/,
  "export default {": / cannot be loaded: /,
};
for (const [text, fault] of Object.entries(faults)) {
  Deno.test(`a module is refused: ${text}`, () =>
    withModule(text, async (path) => {
      await rejects(policiesOfModules([path], silentLog), (error: Error) => {
        match(error.message.split("\n")[0]!, fault);
        return error.message.startsWith(`plugins.modules: ${path}`);
      });
    }));
}

Deno.test("the program asks modules, survives what they throw, and does not start without them", async () => {
  const text = `export default ({ reason }) => ({
    name: "moods",
    event({ event: { content } }) {
      if (content === "throw") throw new Error("a mood");
      return content === "refuse" ? reason("blocked", "not in the mood") : undefined;
    },
  });`;
  await withModule(text, async (path) => {
    await using relay = await startRelay({
      database: "memory:",
      settings: [`plugins.modules=${path}`],
    });
    await using client = await RelayClient.connect(relay.url);
    const signer = new SchnorrSigner(new SeededRandom(1));
    const publish = async (content: string) => {
      const event = signer.sign({ kind: 1, created_at: 1_700_000_000, tags: [], content });
      return (await client.publish(event))?.reason;
    };
    equal(await publish("refuse"), "blocked: not in the mood");
    equal(await publish("throw"), "error: a policy failed, try again later");
    equal(await publish("accept"), "");
    await client.close();
    equal(await relay.stop(), 0);
  });
  await rejects(
    startRelay({ database: "memory:", settings: ["plugins.modules=/nowhere/at_all.ts"] }),
    /ended with 2:\n[^]*plugins\.modules: \/nowhere\/at_all\.ts cannot be loaded/,
  );
});
