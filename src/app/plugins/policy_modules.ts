/**
 * Loads policies from the TypeScript and JavaScript modules that the settings name.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import type { Log } from "../../base/log.ts";
import { messageOf } from "../../base/error_text.ts";
import { reason } from "../../nostr/reason.ts";
import type { Policy } from "../../relay/access/policy.ts";
import { UnusableSetting } from "../settings/load_settings.ts";

/** What the function that a module exports is given. */
interface PolicyModuleContext {
  /** Makes a refusal: `reason("blocked", "not here")`. */
  readonly reason: typeof reason;
  /** The relay's log. */
  readonly log: Log;
}

/** A policy or several. */
type Policies = Policy | readonly Policy[];

/** What a module exports by default: policies, or a function that makes them. */
type PolicyModule =
  | Policies
  | ((context: PolicyModuleContext) => Policies | Promise<Policies>);

const SETTING = "plugins.modules";
const hookNames = [
  ...["connect", "screen", "repeat", "event", "unstored", "request", "authenticate", "deliver"],
];
const otherNames = ["name", "information", "timeoutMs"];

/**
 * The policies of all modules, in order.
 *
 * @param paths files, absolute or in the working directory
 * @throws UnusableSetting naming the first file that cannot be loaded or exports no policy
 */
export async function policiesOfModules(
  paths: readonly string[],
  log: Log,
): Promise<readonly Policy[]> {
  const policies: Policy[] = [];
  for (const path of paths) policies.push(...await policiesOf(path, log));
  return policies;
}

async function policiesOf(path: string, log: Log): Promise<readonly Policy[]> {
  const made = await defaultExportOf(path, log);
  const list: readonly unknown[] = Array.isArray(made) ? made : [made];
  for (const policy of list) {
    const fault = faultOf(policy);
    if (fault !== undefined) throw new UnusableSetting(SETTING, `${path}: ${fault}`);
  }
  return list as readonly Policy[];
}

async function defaultExportOf(path: string, log: Log): Promise<unknown> {
  try {
    const { default: made } = await import(pathToFileURL(path).href) as {
      readonly default?: unknown;
    };
    return typeof made === "function" ? await made({ reason, log }) : made;
  } catch (error) {
    const text = messageOf(error);
    throw new UnusableSetting(SETTING, `${path} cannot be loaded: ${text}`);
  }
}

/** What keeps a value from being a policy. A hook that is misspelt would never be asked. */
function faultOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) {
    return "its default export is no policy, list of policies or function that returns either";
  }
  const policy: Readonly<Record<string, unknown>> = { ...value };
  if (typeof policy.name !== "string" || policy.name === "") return "a policy has no name";
  const named = `the policy ${JSON.stringify(policy.name)}`;
  for (const key of Object.keys(policy)) {
    if (hookNames.includes(key)) {
      if (typeof policy[key] !== "function") return `${key} of ${named} is not a function`;
    } else if (!otherNames.includes(key)) {
      return `${named} has ${key}, which is no hook: ${hookNames.join(", ")}`;
    }
  }
  return hookNames.some((key) => key in policy) ? undefined : `${named} has no hook`;
}
