import { equal, ok } from "node:assert/strict";
import { exitCode } from "../../src/app/command_line/exit_code.ts";
import { version } from "../../src/app/version.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import { Program } from "../kit/program.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const note = new SchnorrSigner(new SeededRandom(1))
  .sign({ created_at: 1, kind: 1, tags: [], content: "hello" });

/** The program in a directory without a configuration file, run to its end. */
async function run(args: readonly string[], env: Record<string, string> = {}, input = "") {
  const cwd = await Deno.makeTempDir();
  try {
    await using program = new Program("mod.ts", args, { cwd, env });
    if (input) await program.write(input);
    return await program.end();
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("--version prints the version and ends with 0", async () => {
  const { code, stdout, stderr } = await run(["--version"]);
  equal(code, exitCode.done);
  equal(stdout, `${version}\n`);
  equal(stderr, "");
});

Deno.test("an unknown command ends with 2 and a hint", async () => {
  const { code, stdout, stderr } = await run(["exprot"]);
  equal(code, exitCode.misused);
  equal(stdout, "");
  ok(stderr.includes("Did you mean export?"), stderr);
});

Deno.test("wrong settings from everywhere end with 2, all of them told", async () => {
  const { code, stderr } = await run(["config", "check", "--listen", "nowhere"], {
    GALLIMIMUS_LIMITS__MAX_FLITERS: "5",
    DATABASE_URL: "mysql://",
  });
  equal(code, exitCode.misused);
  equal(stderr.trim().split("\n").length, 3);
});

Deno.test("import reads standard input and prints what became of it", async () => {
  const args = ["import", "-", "--database", "memory:"];
  const { code, stdout } = await run(args, {}, `${eventJson(note)}\nnonsense\n`);
  equal(code, exitCode.done);
  equal(
    stdout,
    "stored 1, duplicate 0, superseded 0, deleted 0, refused 1\n" +
      "refused 1: invalid: not JSON\n" +
      "line 2: invalid: not JSON\n",
  );
});

Deno.test("an import that waits for input is ended by a signal", async () => {
  await using program = new Program("mod.ts", ["import", "-", "--database", "memory:"]);
  await program.said("signature engine chosen");
  program.kill("SIGTERM");
  const { code, stdout } = await program.end({ keepInput: true });
  equal(code, exitCode.interrupted);
  ok(stdout.startsWith("stored 0,"), stdout);
});

Deno.test("a file that is not there ends with 1", async () => {
  const { code, stderr } = await run(["import", "gone.jsonl", "--database", "memory:"]);
  equal(code, exitCode.failed);
  ok(stderr.startsWith("gallimimus: gone.jsonl: "), stderr);
});

Deno.test("a configuration file that cannot be read is told in words", async () => {
  const { code, stderr } = await run(["config", "check", "--config", "/"]);
  equal(code, exitCode.misused);
  equal(stderr, "gallimimus: /: it is a directory\n");
});

Deno.test("export of nothing prints nothing", async () => {
  const { code, stdout } = await run(["export", "--database", "memory:"]);
  equal(code, exitCode.done);
  equal(stdout, "");
});
