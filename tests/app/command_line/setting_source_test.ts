import { deepEqual, equal, ok } from "node:assert/strict";
import { type ReadText, SettingSource } from "../../../src/app/command_line/setting_source.ts";
import type { SettingOptions } from "../../../src/app/command_line/setting_options.ts";
import { problemLine } from "../../../src/app/settings/load_settings.ts";

/** A source whose only file a test changes. */
function sourceOf(options: SettingOptions, first: ReadText) {
  const file = { read: first };
  const host = {
    environment: { GALLIMIMUS_RELAY__CONTACT: "mailto:a@b.example" },
    readText: () => Promise.resolve(file.read),
  };
  return { source: new SettingSource(host, options), file };
}

async function outcome(source: SettingSource): Promise<readonly string[]> {
  const loaded = await source.load();
  if ("problems" in loaded) return loaded.problems.map(problemLine);
  const { name, contact, description } = loaded.settings.relay;
  return [name, contact, description];
}

Deno.test("settings that are read again come from the same sources", async () => {
  const options = { set: [{ flag: "--set", name: "relay.description", text: "flag" }] };
  const { source, file } = sourceOf(options, { text: '[relay]\nname = "a"' });
  deepEqual(await outcome(source), ["a", "mailto:a@b.example", "flag"]);
  file.read = { text: '[relay]\nname = "b"\ncontact = "mailto:c@d.example"\ndescription = "file"' };
  deepEqual(await outcome(source), ["b", "mailto:a@b.example", "flag"]);
});

Deno.test("a file that stays the same is not parsed again", async () => {
  const { source, file } = sourceOf({}, { text: '[relay]\nname = "a"' });
  const loaded = await source.load();
  ok(await source.load() === loaded);
  file.read = { text: '[relay]\nname = "b"' };
  ok(await source.load() !== loaded);
});

Deno.test("a file that has vanished does not mean the defaults", async () => {
  const { source, file } = sourceOf({}, { text: '[relay]\nname = "a"' });
  await source.load();
  file.read = { missing: true };
  deepEqual(await outcome(source), ["config.toml: no such file"]);
  deepEqual(await outcome(source), ["config.toml: no such file"]);
  file.read = { text: '[relay]\nname = "a"' };
  equal((await outcome(source))[0], "a");
});

Deno.test("nor does a file that has become empty, but one with a comment does", async () => {
  const { source, file } = sourceOf({}, { text: '[relay]\nname = "a"' });
  await source.load();
  for (const text of ["", "\n \n"]) {
    file.read = { text };
    deepEqual(await outcome(source), [
      "config.toml: the file is empty (a line with # alone would mean the defaults)",
    ]);
  }
  file.read = { text: "#" };
  equal((await outcome(source))[0], "Gallimimus");
});

Deno.test("a file that was empty at the start may stay so", async () => {
  const { source } = sourceOf({}, { text: "" });
  equal((await outcome(source))[0], "Gallimimus");
  equal((await outcome(source))[0], "Gallimimus");
});

Deno.test("a file that appears later is read when asked for, and not watched for", async () => {
  const { source, file } = sourceOf({}, { missing: true });
  equal((await outcome(source))[0], "Gallimimus");
  equal(source.path, undefined);
  file.read = { text: '[relay]\nname = "a"' };
  equal((await outcome(source))[0], "a");
});

Deno.test("what came through a pipe is not read a second time, and not watched", async () => {
  const { source, file } = sourceOf({ config: "/dev/fd/63" }, { text: "", isPipe: true });
  equal((await outcome(source))[0], "Gallimimus");
  equal(source.path, undefined);
  file.read = { text: '[relay]\nname = "a"' };
  deepEqual(await outcome(source), [
    "/dev/fd/63: it came through a pipe and cannot be read again",
  ]);
});
