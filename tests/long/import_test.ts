/**
 * A large file is imported: in bounded memory, at a steady rate, and with the same end when it was
 * interrupted and killed on the way. Long lines take no more memory than usual ones.
 *
 * `MEGABYTES` in the environment changes the size of the file, which should be 100 at least, `DATABASES`
 * where it goes.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { sha256OfText } from "../../src/app/system/sha256.ts";
import { DELETION_REQUEST } from "../../src/nostr/deletion_request.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventId } from "../../src/nostr/event_id.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { Crowd } from "../kit/crowd.ts";
import { Program } from "../kit/program.ts";
import { residentBytes } from "../kit/resident_memory.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const fileBytes = Number(Deno.env.get("MEGABYTES") ?? 1_000) * 1_000_000;
const databases = (Deno.env.get("DATABASES") ?? "managed").split(",");

/** How much more memory than for an empty file the program may take. */
const MAX_MEMORY_BYTES = 300_000_000;
/** The slowest tenth of the file, against the median. */
const STEADY = 0.4;
const TENTHS = 10;
/** Of how many events one is deleted again. */
const DELETED = 500;
const SAMPLE_MS = 100;
/** The file of long lines: nearly as long as the default of `limits.max_message_bytes` allows. */
const LONG_LINES = 120;
const LONG_CONTENT_CHARACTERS = 460_000;
const LONG_TAGS = 2_000;

for (const name of databases) {
  Deno.test(`${fileBytes / 1e6} MB into ${name}`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      const [empty, file] = [`${directory}/empty`, `${directory}/events.jsonl`];
      await Deno.writeTextFile(empty, "\n");
      await writeEvents(file);
      await using whole = await freshDatabases[`${name}:`]!();
      await using broken = await freshDatabases[`${name}:`]!();

      const base = await importing(whole.url, empty);
      const first = await importing(whole.url, file);
      equal(first.code, 0, first.stderr);
      const rates = ratesOf(first.samples);
      console.log(`${name}: ${first.stdout.trim()}`);
      console.log(
        `${name}: ${first.seconds.toFixed(0)} s; megabytes a second by tenths ` +
          `${rates.map((rate) => (rate / 1e6).toFixed(1)).join(" ")}; memory ` +
          `${megabytes(first.peakBytes)} MB, ${megabytes(base.peakBytes)} MB for an empty file`,
      );

      const interrupted = await importing(broken.url, file, { at: 0.3, signal: "SIGINT" });
      equal(interrupted.code, 130, interrupted.stderr);
      await importing(broken.url, file, { at: 0.6, signal: "SIGKILL" });
      const last = await importing(broken.url, file);
      equal(last.code, 0, last.stderr);
      console.log(
        `${name}: interrupted: ${interrupted.stdout.trim()}; at last: ${last.stdout.trim()}`,
      );
      deepEqual(await digestOf(broken.url), await digestOf(whole.url));

      ok(first.peakBytes - base.peakBytes < MAX_MEMORY_BYTES, "memory");
      const [slowest, median] = [Math.min(...rates), rates.toSorted((a, b) => a - b)[TENTHS / 2]!];
      ok(slowest >= STEADY * median, `${slowest} bytes/s at the slowest, ${median} mostly`);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

for (const name of databases) {
  Deno.test(`${LONG_LINES} long lines into ${name}`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      const [empty, file] = [`${directory}/empty`, `${directory}/events.jsonl`];
      await Deno.writeTextFile(empty, "\n");
      await writeLongEvents(file);
      await using database = await freshDatabases[`${name}:`]!();
      const base = await importing(database.url, empty);
      const { code, stdout, stderr, peakBytes } = await importing(database.url, file);
      equal(code, 0, stderr);
      ok(stdout.startsWith(`stored ${LONG_LINES},`), stdout);
      console.log(
        `${name}: long lines: memory ${megabytes(peakBytes)} MB, ` +
          `${megabytes(base.peakBytes)} MB for an empty file`,
      );
      ok(peakBytes - base.peakBytes < MAX_MEMORY_BYTES, "memory");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

/** Writes events with much text and many tags. */
async function writeLongEvents(path: string): Promise<void> {
  const content = "x".repeat(LONG_CONTENT_CHARACTERS);
  const { pubkey, sig } = crowdOf(1).next();
  const lines = Array.from({ length: LONG_LINES }, (_, number) => {
    const tags = Array.from({ length: LONG_TAGS }, (_, tag) => ["r", `${number}-${tag}`] as const);
    const unsigned = { pubkey, created_at: 1_600_000_000 + number, kind: 1, tags, content };
    const id = eventId(unsigned, { hashText: sha256OfText });
    return `${eventJson({ id, ...unsigned, sig })}\n`;
  });
  await Deno.writeTextFile(path, lines.join(""));
}

/** Writes events until the file is large enough. Their signatures are not real. */
async function writeEvents(path: string): Promise<void> {
  const crowd = crowdOf(50_000);
  function* lines(): Generator<string> {
    for (let bytes = 0, count = 1; bytes < fileBytes; count++) {
      const event = crowd.next();
      let text = `${eventJson(event)}\n`;
      if (count % DELETED === 0) text += `${eventJson(deletionOf(event))}\n`;
      bytes += text.length;
      yield text;
    }
  }
  await Deno.writeTextFile(path, ReadableStream.from(lines()));
}

function crowdOf(authors: number): Crowd {
  const options = { authors, startTime: 1_600_000_000, eventsPerSecond: 0.01 };
  return new Crowd(new SeededRandom(1), options);
}

function deletionOf({ id, pubkey, created_at, sig }: NostrEvent): NostrEvent {
  const tags = [["e", id]] as const;
  const unsigned = { pubkey, created_at, kind: DELETION_REQUEST, tags, content: "" };
  return { id: eventId(unsigned, { hashText: sha256OfText }), ...unsigned, sig };
}

/** How far the program had read the file, and when. */
interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** When the program is sent a signal: at this share of the file. */
interface Interruption {
  readonly at: number;
  readonly signal: Deno.Signal;
}

/** Runs the import, and watches how far it is and what memory it takes. */
async function importing(database: string, path: string, interruption?: Interruption) {
  const flags = ["--no-verify", "--no-limits", "--config", "/dev/null", "--database", database];
  await using program = new Program("mod.ts", ["import", path, ...flags]);
  const startMs = performance.now();
  const samples: Sample[] = [];
  let peakBytes = 0;
  let isSignalled = false;
  const timer = setInterval(() => {
    try {
      peakBytes = Math.max(peakBytes, residentBytes(program.pid) || 0);
      const bytes = positionIn(program.pid, path);
      if (bytes === undefined) return;
      samples.push({ atMs: performance.now(), bytes });
      if (interruption === undefined || isSignalled || bytes < interruption.at * fileBytes) return;
      isSignalled = true;
      program.kill(interruption.signal);
    } catch {
      // It has ended.
    }
  }, SAMPLE_MS);
  const ended = await program.end();
  clearInterval(timer);
  const seconds = (performance.now() - startMs) / 1_000;
  equal(isSignalled, interruption !== undefined);
  return { ...ended, samples, peakBytes, seconds };
}

/** How far a process has read a file that it has open. */
function positionIn(pid: number, path: string): number | undefined {
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    if (Deno.readLinkSync(`/proc/${pid}/fd/${name}`) !== path) continue;
    const info = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${name}`);
    return Number(/^pos:\s+(\d+)$/m.exec(info)?.[1]);
  }
  return undefined;
}

/** Bytes a second in each tenth of the file. */
function ratesOf(samples: readonly Sample[]): readonly number[] {
  const began = samples.findLast(({ bytes }) => bytes === samples[0]!.bytes)!;
  const marks = Array.from({ length: TENTHS }, (_, tenth) => {
    const end = (tenth + 1) / TENTHS * fileBytes;
    return samples.find(({ bytes }) => bytes >= end) ?? samples.at(-1)!;
  });
  return marks.map((mark, tenth) => {
    const before = tenth === 0 ? began : marks[tenth - 1]!;
    return (mark.bytes - before.bytes) / ((mark.atMs - before.atMs) / 1_000);
  });
}

/** The hash of all that is stored, in the order of an export. */
async function digestOf(database: string) {
  const flags = ["--config", "/dev/null", "--database", database];
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      new URL("../../mod.ts", import.meta.url).pathname,
      "export",
      ...flags,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of child.stdout) {
    hash.update(piece);
    bytes += piece.length;
  }
  equal((await child.status).code, 0);
  ok(bytes > 0);
  return { bytes, digest: hash.digest("hex") };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
