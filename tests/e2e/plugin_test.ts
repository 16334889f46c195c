/**
 * Plugins of the real program: strfry's protocol, and what happens when they fail.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { RelayClient } from "../kit/relay_client.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const signer = new SchnorrSigner(new SeededRandom(1));
let count = 0;

function note(content: string) {
  return signer.sign({ kind: 1, created_at: 1_700_000_000 + count++, tags: [], content });
}

const file = (name: string) => new URL(`../app/plugins/${name}`, import.meta.url).pathname;
const example = (...habits: string[]) =>
  `${Deno.execPath()} run --quiet --no-config ${file("example_plugin.ts")} ${habits.join(" ")}`;

function start(command: string, ...settings: string[]) {
  return startRelay({
    database: "memory:",
    settings: [`plugins.commands=${command}`, "signatures.workers=0", ...settings],
  });
}

const commands = { Deno: example(), Python: `python3 ${file("example_plugin.py")}` };
for (const [language, command] of Object.entries(commands)) {
  const ignore = language === "Python" && !await hasPython();
  const name = `a write policy in ${language} accepts and refuses`;
  Deno.test({
    name,
    ignore,
    fn: async () => {
      await using program = await start(command);
      await using client = await RelayClient.connect(program.url);
      deepEqual(await client.publish(note("hello")), { accepted: true, reason: "" });
      deepEqual(await client.publish(note("refuse")), {
        accepted: false,
        reason: "blocked: it says so",
      });
      equal((await client.query([{ tags: new Map() }])).length, 1);
      await client.close();
      equal(await program.stop(), 0);
    },
  });
}

Deno.test("a shadowed event is accepted and not there", async () => {
  await using program = await start(example("babble"));
  await using client = await RelayClient.connect(program.url);
  deepEqual(await client.publish(note("shadow")), { accepted: true, reason: "" });
  deepEqual(await client.publish(note("hello")), { accepted: true, reason: "" });
  equal((await client.query([{ tags: new Map() }])).length, 1);
  await client.close();
  equal(await program.stop(), 0);
});

Deno.test("plugins that die, hang and babble lose no event and stop nobody", async () => {
  await using program = await start(
    example("die", "hang", "babble"),
    "plugins.timeout_ms=1000",
    "plugins.processes=2",
  );
  await using client = await RelayClient.connect(program.url);
  const events = Array.from(
    { length: 60 },
    (_, at) => note(at === 20 ? "hang" : at === 40 ? "die" : `fine ${at}`),
  );
  const answers = await client.publishAll(events, 10);
  const refused = events.filter((_, at) => !answers[at]!.accepted).map(({ content }) => content);
  // Each of the two was asked in vain; every other one is answered, however often it had to be asked.
  deepEqual(refused.sort(), ["die", "hang"]);
  for (const answer of answers) {
    if (!answer!.accepted) match(answer!.reason, /^error: a policy did not answer/);
  }
  equal((await client.query([{ tags: new Map() }])).length, 58);
  await client.close();
  equal(await program.stop(), 0);
});

Deno.test("what a plugin does not answer is accepted where the settings say so", async () => {
  await using program = await start(
    "exit 1",
    "plugins.on_failure=accept",
    "plugins.timeout_ms=300",
  );
  await using client = await RelayClient.connect(program.url);
  deepEqual(await client.publish(note("hello")), { accepted: true, reason: "" });
  await client.close();
  equal(await program.stop(), 0);
});

Deno.test("connections and requests are asked about where the settings say so", async () => {
  await using program = await start(example(), "plugins.hooks=connect,request");
  await using client = await RelayClient.connect(program.url);
  equal((await client.publish(note("hello")))?.accepted, true);
  equal((await client.query([{ tags: new Map() }])).length, 1);
  await client.close();
  equal(await program.stop(), 0);
});

Deno.test("while a plugin takes its time for each event, others are answered as before", async () => {
  await using program = await start(example("slow"));
  await using busy = await RelayClient.connect(program.url);
  await using other = await RelayClient.connect(program.url);
  await busy.publish(note("warm"));
  const events = Array.from({ length: 2_000 }, (_, at) => note(`slow ${at}`));
  const publishing = busy.publishAll(events, 64);
  let asked = 0;
  let isOver = false;
  const startedMs = performance.now();
  void publishing.then(() => isOver = true);
  while (!isOver) {
    await other.query([{ tags: new Map(), limit: 1 }]);
    asked++;
  }
  const answers = await publishing;
  ok(answers.every((answer) => answer!.accepted));
  console.log(JSON.stringify({
    eventsPerS: Math.round(events.length / (performance.now() - startedMs) * 1_000),
    questionsMeanwhile: asked,
  }));
  ok(asked > 10, `${asked} questions were answered meanwhile`);
  for (const client of [busy, other]) await client.close();
  equal(await program.stop(), 0);
});

async function hasPython(): Promise<boolean> {
  try {
    return (await new Deno.Command("python3", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}
