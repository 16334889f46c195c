import { deepEqual, equal, match } from "node:assert/strict";
import {
  type Change,
  change,
  listChanges,
  listReports,
  listRules,
} from "../../../src/app/commands/moderation.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { FakeCommand, KeptMemoryStore } from "../../kit/fake_command.ts";
import { newKey, recordOf, someEvent } from "../../kit/records.ts";

const KEY = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
const NPUB = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";

class Operator {
  readonly store = new KeptMemoryStore();
  opened = 0;

  async do(asked: Change): Promise<string> {
    const { context, stdout, stderr } = this.#command();
    const code = await change(context, asked);
    equal(code, stderr.text === "" ? exitCode.done : exitCode.misused);
    return stdout.text + stderr.text;
  }

  async see(show: typeof listRules): Promise<string> {
    const { context, stdout } = this.#command();
    equal(await show(context), exitCode.done);
    return stdout.text;
  }

  #command(): FakeCommand {
    return new FakeCommand({
      openStore: () => {
        this.opened++;
        return Promise.resolve(this.store);
      },
    });
  }
}

Deno.test("a key, an event and an address are banned, with the reason, and no longer", async () => {
  const operator = new Operator();
  const id = newKey();
  await operator.do({ verb: "ban", what: NPUB, reason: "spam\nand \u001b[2Jmore" });
  await operator.do({ verb: "ban", what: id, event: true });
  await operator.do({ verb: "ban", what: "2001:DB8::0:1" });
  const banned = `banned-key\t${KEY}\tspam and  [2Jmore\nbanned-event\t${id}\t\n`;
  deepEqual(
    (await operator.see(listRules)).split("\n").sort(),
    `${banned}blocked-ip\t2001:db8::1\t\n`.split("\n").sort(),
  );
  await operator.do({ verb: "unban", what: KEY, key: true });
  await operator.do({ verb: "unban", what: "2001:db8::1" });
  equal(await operator.see(listRules), `banned-event\t${id}\t\n`);
  match(
    await operator.see(listChanges),
    /^\S+Z\tcommand line\tblocked-ip\t2001:db8::1\tset: \tnot set\n/,
  );
});

Deno.test("members and kinds are allowed and disallowed", async () => {
  const operator = new Operator();
  await operator.do({ verb: "allow", what: NPUB });
  await operator.do({ verb: "disallow", what: "7" });
  const rules = await operator.see(listRules);
  deepEqual(rules.split("\n").sort(), ["", "banned-kind\t7\t", `allowed-key\t${KEY}\t`].sort());
});

Deno.test("what cannot be named is refused in a sentence, and changes nothing", async () => {
  const operator = new Operator();
  for (const what of ["npub1nonsense", "1.2.3", "7"]) {
    match(
      await operator.do({ verb: "ban", what }),
      /^gallimimus: ban: expected a public key .*, not /,
    );
  }
  match(await operator.do({ verb: "ban", what: "ab", event: true }), /64 lower-case hex digits/);
  match(
    await operator.do({ verb: "allow", what: "127.0.0.1" }),
    /expected a public .* a kind, not 1/,
  );
  match(await operator.do({ verb: "allow", what: "65536" }), /a kind, not 65536/);
  match(await operator.do({ verb: "ban", what: KEY }), /add --key or --event/);
  match(await operator.do({ verb: "ban", what: KEY, key: true, event: true }), /contradict/);
  match(await operator.do({ verb: "unban", what: NPUB, reason: "why" }), /no reason is kept/);
  equal(operator.opened, 0);
  equal(await operator.see(listRules), "");
});

Deno.test("what was reported is listed until somebody decides", async () => {
  const operator = new Operator();
  const id = newKey();
  await operator.store.put([recordOf(someEvent({ kind: 1984, tags: [["e", id, "spam"]] }))]);
  equal(await operator.see(listReports), `${id}\t1 reports: spam\n`);
  await operator.do({ verb: "ban", what: id, event: true });
  equal(await operator.see(listReports), "");
  await operator.do({ verb: "unban", what: id, event: true });
  equal(await operator.see(listReports), `${id}\t1 reports: spam\n`);
  await operator.do({ verb: "allow", what: id, event: true });
  equal(await operator.see(listReports), "");
});

Deno.test("a database that keeps nothing is refused", async () => {
  const settings = settingsWith(new Map([["database.url", "memory:"]]));
  const { context, stderr } = new FakeCommand({ settings });
  equal(await change(context, { verb: "ban", what: NPUB }), exitCode.misused);
  match(stderr.text, /name the relay's database/);
});
