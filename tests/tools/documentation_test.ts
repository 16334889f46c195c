/**
 * The documentation names only settings, pages, functions and types that exist.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { settingByName } from "../../src/app/settings/setting_list.ts";
import { filesUnder } from "../../tools/source_files.ts";

const root = new URL("../../", import.meta.url);
const pages = [
  ...["README.md", "BEHAVIOR.md", "CONTRIBUTING.md"],
  ...[...Deno.readDirSync(new URL("docs/", root))].map(({ name }) => `docs/${name}`)
    .filter((name) => name.endsWith(".md")),
];
const texts = new Map(pages.map((page) => [page, Deno.readTextFileSync(new URL(page, root))]));

Deno.test("every setting that the documentation names exists", () => {
  const names: ReadonlySet<string> = new Set(settingByName.keys());
  const sections = new Set([...names].map((name) => name.split(".")[0]!));
  const wrong: string[] = [];
  for (const [page, text] of texts) {
    for (const [, section, key] of text.matchAll(/`([a-z]+)\.([a-z][a-z0-9_]*)(?: = [^`]*)?`/g)) {
      if (!sections.has(section!) || isFileName(key!)) continue;
      if (!names.has(`${section}.${key}`)) wrong.push(`${page}: ${section}.${key}`);
    }
  }
  deepEqual(wrong, []);
});

Deno.test("every link to a page or a section of the documentation leads somewhere", () => {
  const wrong: string[] = [];
  let links = 0;
  for (const [page, text] of texts) {
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      links++;
      const [path = "", anchor] = target!.split("#");
      const file = path === "" ? new URL(page, root) : new URL(path, new URL(page, root));
      const found = textOf(file);
      if (found === undefined) wrong.push(`${page}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(found).includes(anchor)) {
        wrong.push(`${page}: ${target}`);
      }
    }
  }
  ok(links > 20);
  deepEqual(wrong, []);
});

Deno.test("CONTRIBUTING.md has a row for every check, and names no task that does not exist", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const guide = texts.get("CONTRIBUTING.md")!;
  const rows = new Set([...guide.matchAll(/^\| `deno task ([\w:-]+)/gm)].map(([, name]) => name));
  const checks = Object.keys(tasks).filter((name) => name.startsWith("check:"));
  deepEqual(checks.filter((name) => !rows.has(name)), []);
  const named = [...guide.matchAll(/`deno task ([\w:-]+)/g)].map(([, name]) => name!);
  deepEqual(named.filter((name) => !(name in tasks)), []);
});

Deno.test("every function and type that BEHAVIOR.md says decides exists", () => {
  const sources = filesUnder(root.pathname, "src", ".ts")
    .map((path) => Deno.readTextFileSync(new URL(path, root))).join();
  const known = new Set(sources.match(/[A-Za-z_]\w*/g));
  const lists = texts.get("BEHAVIOR.md")!.matchAll(/\(((?:`[\w.]+`(?:,\s+)?)+)\)/g);
  const names = [...lists].flatMap(([, list]) => list!.match(/\w+/g)!);
  ok(names.length > 50);
  deepEqual(names.filter((name) => !known.has(name)), []);
});

/** `relay.key`, `search.ts`: a name like that of a setting is that of a file. */
function isFileName(extension: string): boolean {
  return ["ts", "wire", "toml", "key"].includes(extension);
}

/** The text of a file, empty for a folder; undefined if there is neither. */
function textOf(file: URL): string | undefined {
  try {
    return Deno.statSync(file).isDirectory ? "" : Deno.readTextFileSync(file);
  } catch {
    return undefined;
  }
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}
