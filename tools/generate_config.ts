/**
 * Writes `config.toml`, its JSON Schema and `docs/settings.md` from the list of settings, and
 * `docs/commands.md` from the command line. With `--check` it writes nothing and fails if a file is out of
 * date.
 *
 * @module
 */

import { settingsSchemaText } from "../src/app/settings/json_schema.ts";
import { commandsPage } from "./commands_page.ts";
import { settingSections } from "../src/app/settings/setting_list.ts";
import {
  expectedValue,
  type PlainValue,
  type Setting,
  type SettingSection,
  type TablesSetting,
} from "../src/app/settings/setting.ts";

/** The JSON Schema, which editors find by the first line of `config.toml`. */
const SCHEMA_PATH = "docs/config.schema.json";

/** The longest line of `config.toml`, in characters. */
const LINE_CHARACTERS = 100;

/**
 * The configuration file. Every setting is commented out with its default, so that a copied file
 * does not keep the defaults of an old version.
 */
export function configToml(): string {
  const head = [
    `#:schema ./${SCHEMA_PATH}`,
    "",
    "# Settings of Gallimimus, a Nostr relay.",
    "#",
    "# A line that begins with # and a name shows a setting at its default: take the # away to change it.",
    "# Stronger than this file are environment variables (GALLIMIMUS_SECTION__KEY, DATABASE_URL), and",
    "# stronger than those are flags (--set section.key=value). An unknown name is an error.",
    "# `gallimimus config check` says what is wrong, and what differs from the defaults and why.",
    "# A running relay reads this file again when it changes, and at SIGHUP: what is reloadable takes",
    "# effect at once, and the log names what needs a restart.",
  ];
  const sections = Object.entries(settingSections).map(([name, section]: [
    string,
    SettingSection,
  ]) => ["", "", ...comment(section.title), `[${name}]`, ...settingLines(name, section)]);
  return [...head, ...sections.flat()].join("\n") + "\n";
}

/** The documentation page: one table per section. */
export function settingsPage(): string {
  const head = [
    "<!-- deno-fmt-ignore-file -->",
    "",
    "# Settings",
    "",
    "Written by `tools/generate_config.ts` from the tables in `src/app/settings/`; do not edit.",
    "",
    "Weakest to strongest: the default, `config.toml` (`--config FILE`), the environment",
    "(`GALLIMIMUS_SECTION__KEY`; `DATABASE_URL` is `database.url`), flags (`--set section.key=value`).",
    "In the environment and in flags the items of a list are joined by commas; an empty text is an",
    "empty list.",
    "",
    "A running relay reads its settings again when the file changes, and at SIGHUP. What is reloadable",
    "takes effect at once, for open connections too; the rest needs a restart",
    "([operations.md](operations.md#changing-settings)).",
  ];
  const sections = Object.entries(settingSections).map(([name, section]: [
    string,
    SettingSection,
  ]) => [
    "",
    `## [${name}]`,
    "",
    section.title,
    "",
    ...settingRows(section),
    ...columnLines(name, section),
  ]);
  return [...head, ...sections.flat()].join("\n") + "\n";
}

function settingLines(name: string, section: SettingSection): readonly string[] {
  return Object.entries(section.settings).flatMap(([key, setting]) => [
    "",
    ...comment(setting.description),
    ...(setting.type === "tables" ? tableLines(`${name}.${key}`, setting) : []),
    ...comment(`${sentence(expectedValue(setting))} ${whenApplied(setting)}`),
    ...(setting.type === "integer" ? comment(`When raised: ${setting.whenRaised}`) : []),
    `#${key} = ${JSON.stringify(setting.default)}`,
  ]);
}

/** A table of an array, as an example with all defaults. */
function tableLines(name: string, { columns }: TablesSetting): readonly string[] {
  return [
    "#",
    `#     [[${name}]]`,
    ...Object.entries(columns).flatMap(([key, column]) => [
      ...comment(`${column.description} ${sentence(expectedValue(column))}`, "#     #"),
      `#     ${key} = ${tomlText(column.default)}`,
    ]),
    "#",
  ];
}

/** A text with quotes as a literal string, so that JSON can be read. */
function tomlText(value: PlainValue): string {
  return typeof value === "string" && value.includes('"') ? `'${value}'` : JSON.stringify(value);
}

/** The keys of the tables of a section. */
function columnLines(name: string, { settings }: SettingSection): readonly string[] {
  return Object.entries(settings).flatMap(([key, setting]) =>
    setting.type !== "tables" ? [] : [
      "",
      `Each \`[[${name}.${key}]]\` has:`,
      "",
      ...Object.entries(setting.columns).map(([column, plain]) => {
        const isRequired = setting.required.includes(column);
        const fallback = isRequired ? "required" : `default \`${tomlText(plain.default)}\``;
        const raised = plain.type === "integer" ? ` When raised: ${plain.whenRaised}` : "";
        return `- \`${column}\` (${
          expectedValue(plain)
        }; ${fallback}): ${plain.description}${raised}`;
      }),
    ]
  );
}

function settingRows(section: SettingSection): readonly string[] {
  const rows = Object.entries(section.settings).map(([key, setting]) => {
    const raised = setting.type === "integer" ? ` When raised: ${setting.whenRaised}` : "";
    const cells = [
      `\`${key}\``,
      `\`${JSON.stringify(setting.default)}\``,
      expectedValue(setting),
      setting.reloadable ? "yes" : "no",
      setting.description + raised,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [
    "| key | default | takes | reloadable | meaning |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ];
}

function whenApplied({ reloadable }: Setting): string {
  return reloadable ? "Reloadable." : "Needs a restart.";
}

/** Text as a sentence. */
function sentence(words: string): string {
  return `Takes ${words}.`;
}

/** Text as comment lines of at most {@link LINE_CHARACTERS}, broken between words. */
function comment(text: string, mark = "#"): readonly string[] {
  const lines: string[] = [];
  let line = mark;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > LINE_CHARACTERS) {
      lines.push(line);
      line = mark;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Writes the files, or with `check` prints which are out of date. True if all are up to date. */
export async function generate(root: URL, check: boolean): Promise<boolean> {
  let upToDate = true;
  const pages: readonly [string, string][] = [
    ["config.toml", configToml()],
    [SCHEMA_PATH, settingsSchemaText()],
    ["docs/settings.md", settingsPage()],
    ["docs/commands.md", await commandsPage()],
  ];
  for (const [path, text] of pages) {
    const file = new URL(path, root);
    if (!check) await Deno.writeTextFile(file, text);
    else if (await Deno.readTextFile(file).catch(() => "") !== text) {
      console.error(`${path} is out of date: run deno run -A tools/generate_config.ts`);
      upToDate = false;
    }
  }
  return upToDate;
}

if (import.meta.main) {
  const upToDate = await generate(new URL("../", import.meta.url), Deno.args.includes("--check"));
  Deno.exit(upToDate ? 0 : 1);
}
