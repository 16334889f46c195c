/**
 * The statements that read and change the operator's rules.
 *
 * @see NIP-86
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { Cells, Statement } from "../database/database.ts";
import type { Rule, RuleChange, RuleList, RuleLogEntry } from "../event_store.ts";
import type { BannedLists } from "../read/plan.ts";
import { authorFingerprint, idPrefixOf } from "../fingerprint.ts";

/** All rules, in a fixed order. */
export const selectRules: Statement<Rule> = {
  text: "select list, value, reason from rules order by list, value",
  parameters: [],
  read: (cells) => ({
    list: cells.text(0) as RuleList,
    value: cells.text(1),
    reason: cells.text(2),
  }),
};

/** Which lists of bans have entries. */
export const selectBannedLists: Statement<BannedLists> = {
  text: `select case when exists (select from rules where list = 'banned-key') then 1 else 0 end,
  case when exists (select from rules where list = 'banned-event') then 1 else 0 end`,
  parameters: [],
  read: (cells) => ({ keys: cells.integer(0) === 1, events: cells.integer(1) === 1 }),
};

/** Logs a change together with the rule before it. Runs before the change itself. */
export function logRuleChange(
  { list, value, reason }: RuleChange,
  { who, atS }: { readonly who: string; readonly atS: number },
): Statement<void> {
  return {
    text: `insert into rule_log (at_s, who, list, value, before, after)
select $1::int8, $2::text, $3::text, $4::text,
  (select reason from rules where list = $3::text and value = $4::text),
  ${reason === undefined ? "null" : "$5::text"}`,
    parameters: [atS, who, list, value, ...reason === undefined ? [] : [reason]],
    read: () => {},
  };
}

/** Adds an entry to the log as it was made elsewhere. */
export function insertLogEntry(entry: RuleLogEntry): Statement<void> {
  const { atS, who, list, value, before, reason } = entry;
  return {
    text: `insert into rule_log (at_s, who, list, value, before, after)
values ($1::int8, $2::text, $3::text, $4::text,
  case when $5::int4 = 1 then $6::text end, case when $7::int4 = 1 then $8::text end)`,
    parameters: [
      ...[atS, who, list, value, before === undefined ? 0 : 1, before ?? ""],
      ...[reason === undefined ? 0 : 1, reason ?? ""],
    ],
    read: () => {},
  };
}

/** Sets or removes a rule. */
export function changeRule(
  { list, value, reason }: RuleChange,
  hashText: HashText,
): Statement<void> {
  if (reason === undefined) {
    return {
      text: "delete from rules where list = $1 and value = $2",
      parameters: [list, value],
      read: () => {},
    };
  }
  const mark = markOf(list, value, hashText);
  return {
    text: `insert into rules (list, value, reason, mark)
values ($1, $2, $3, ${mark === undefined ? "null" : "$4::uuid"})
on conflict (list, value) do update set reason = excluded.reason`,
    parameters: [list, value, reason, ...mark === undefined ? [] : [mark]],
    read: () => {},
  };
}

/** The fingerprint of the events that the rule hides; undefined for rules that hide none. */
function markOf(list: RuleList, value: string, hashText: HashText): string | undefined {
  if (list === "banned-key") return authorFingerprint(value, hashText);
  return list === "banned-event" ? idPrefixOf(value) : undefined;
}

/** The newest log entries, newest first. */
export function selectRuleLog(limit: number): Statement<RuleLogEntry> {
  return {
    text: `select at_s, who, list, value, coalesce(before, ''), coalesce(after, ''),
  case when before is null then 0 else 1 end, case when after is null then 0 else 1 end
from rule_log order by number desc limit $1::int8`,
    parameters: [limit],
    read: readLogEntry,
  };
}

function readLogEntry(cells: Cells): RuleLogEntry {
  return {
    atS: cells.integer(0),
    who: cells.text(1),
    list: cells.text(2) as RuleList,
    value: cells.text(3),
    before: cells.integer(6) === 1 ? cells.text(4) : undefined,
    reason: cells.integer(7) === 1 ? cells.text(5) : undefined,
  };
}
