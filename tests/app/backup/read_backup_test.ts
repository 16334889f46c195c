import { equal, ok, rejects } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { backupFiles } from "../../../src/app/backup/manifest.ts";
import { contentOf } from "../../../src/app/backup/read_backup.ts";

Deno.test("a file of a backup that becomes large is read in small pieces", async () => {
  const path = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${path}/${backupFiles.events}`, gzipSync(new Uint8Array(50_000_000)));
    const { signal } = new AbortController();
    let [total, largest] = [0, 0];
    for await (const piece of contentOf(path, backupFiles.events, { signal })) {
      total += piece.length;
      largest = Math.max(largest, piece.length);
    }
    equal(total, 50_000_000);
    ok(largest <= 65_536, `${largest} bytes`);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("reading a file of a backup ends with the reason of its signal", async () => {
  const path = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${path}/${backupFiles.events}`, gzipSync(new Uint8Array(50_000_000)));
    const reason = new Error("stopped");
    const content = contentOf(path, backupFiles.events, { signal: AbortSignal.abort(reason) });
    await rejects(Array.fromAsync(content), reason);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});
