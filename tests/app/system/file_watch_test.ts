import { deepEqual, equal, notEqual } from "node:assert/strict";
import { fileVersion, FileWatch } from "../../../src/app/system/file_watch.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { withTree } from "../../kit/temporary_tree.ts";

/** A watch of a file whose version a test sets. */
class FakeFile {
  version = "1";
  told = 0;
  readonly clock = new FakeClock();
  readonly watch: FileWatch = new FileWatch({
    path: "relay.toml",
    clock: this.clock,
    onChange: () => void this.told++,
    versionOf: () => Promise.resolve(this.version),
  });

  /** How often it told of a change, after `seconds` more. */
  async after(seconds: number): Promise<number> {
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(1_000);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
    return this.told;
  }
}

Deno.test("the first tells of what has changed before, and then only changes count", async () => {
  const file = new FakeFile();
  deepEqual([await file.after(1), await file.after(1), await file.after(9)], [0, 1, 1]);
  file.version = "2";
  deepEqual([await file.after(1), await file.after(1), await file.after(9)], [1, 2, 2]);
  file.watch.close();
  file.version = "3";
  equal(await file.after(5), 2);
  equal(file.clock.timerCount, 0);
});

Deno.test("a file that is being written is not told of until it stays the same", async () => {
  const file = new FakeFile();
  equal(await file.after(2), 1);
  for (let size = 0; size < 5; size++) {
    file.version = `2 ${size}`;
    equal(await file.after(1), 1);
  }
  equal(await file.after(1), 2);
  file.watch.close();
});

Deno.test("a change that was undone is none", async () => {
  const file = new FakeFile();
  equal(await file.after(2), 1);
  file.version = "2";
  await file.after(1);
  file.version = "1";
  equal(await file.after(5), 1);
  file.watch.close();
});

Deno.test("a file system that hangs is not asked again", async () => {
  let looks = 0;
  const clock = new FakeClock();
  const watch = new FileWatch({
    path: "relay.toml",
    clock,
    onChange() {},
    versionOf: () => {
      looks++;
      return new Promise(() => {});
    },
  });
  clock.advance(10_000);
  await Promise.resolve();
  equal(looks, 1);
  watch.close();
});

Deno.test("the version of a file differs when it is written, replaced or missing", async () => {
  await withTree({ "a.toml": "a", "b.toml": "b" }, async (root) => {
    const path = `${root}/a.toml`;
    const first = await fileVersion(path);
    equal(await fileVersion(path), first);
    await Deno.rename(`${root}/b.toml`, path);
    const replaced = await fileVersion(path);
    notEqual(replaced, first);
    await Deno.writeTextFile(path, "longer");
    notEqual(await fileVersion(path), replaced);
    await Deno.remove(path);
    equal(await fileVersion(path), "missing");
  });
});
