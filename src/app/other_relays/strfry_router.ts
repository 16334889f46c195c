/**
 * Translates the configuration of `strfry router`: each URL of each stream is a mirror.
 *
 * @module
 */

import { isTaoObject, jsonOf, readTaoConfig, type TaoNode, type TaoObject } from "./tao_config.ts";
import { type ForeignSetting, type ReadForeign, Translation } from "./translation.ts";

const others: Readonly<Record<string, string>> = {
  connectionTimeout: "the pause between attempts is mirrors.max_retry_s at most here",
  verbose: 'log.level = "debug" tells more here',
};

const COMPARED = "mirrors get what both sides had before, too; catch_up_s bounds how far back";

/** Translates the text of a configuration of `strfry router`. */
export function translateStrfryRouter(text: string): ReadForeign {
  const read = readTaoConfig(text);
  if ("fault" in read) return read;
  const into = new Translation();
  for (const [name, node] of read.members) {
    if (name !== "streams") {
      const why = Object.hasOwn(others, name) ? others[name]! : "no setting of this name is known";
      into.note(settingOf(name, node), why);
    } else if (!isTaoObject(node.value)) {
      into.note(settingOf(name, node), "found no streams, expected { }");
    } else {
      into.note(settingOf(name, node), COMPARED);
      for (const [stream, own] of node.value) addStream(`streams.${stream}`, own, into);
    }
  }
  return into.finish();
}

function addStream(name: string, node: TaoNode, into: Translation): void {
  const whole = settingOf(name, node);
  if (!isTaoObject(node.value)) return into.note(whole, "found no stream, expected { }");
  const stream = node.value;
  noteOthers(name, stream, into);
  const direction = stream.get("dir")?.value;
  const urls = stream.get("urls")?.value;
  if (direction === undefined) return into.note(whole, "has no dir");
  if (!Array.isArray(urls)) return into.note(whole, "has no urls");
  const filter = stream.get("filter");
  for (const url of urls as readonly TaoNode[]) {
    into.addTable(settingOf(`${name}.urls`, url), "mirrors.relay", {
      // What is no text is refused with the sentence of its setting.
      url: jsonOf(url) as string,
      direction: direction as string,
      ...filter !== undefined && { filter: JSON.stringify(jsonOf(filter)) },
    });
  }
}

const plugins: Readonly<Record<string, string>> = {
  pluginDown: "plugins.commands are asked about events of all mirrors, with the sourceType Sync",
  pluginUp: "nobody is asked about what is sent; filter says what that is",
};

function noteOthers(name: string, stream: TaoObject, into: Translation): void {
  for (const [member, node] of stream) {
    if (["dir", "urls", "filter"].includes(member) || node.value === "") continue;
    const why = Object.hasOwn(plugins, member)
      ? plugins[member]!
      : "no setting of this name is known";
    into.note(settingOf(`${name}.${member}`, node), why);
  }
}

function settingOf(name: string, node: TaoNode): ForeignSetting {
  const printable = /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
  return { name: printable, value: undefined, line: node.line };
}
