/**
 * Reading what everybody wrote lately, to find what some wrote.
 *
 * A feed names hundreds of authors, and each is a lane to look into. But whoever is followed by many
 * writes much, so that the newest events of the wanted kinds are often just theirs: reading a short
 * stretch of all that was written is then enough, and costs less than looking into every lane.
 *
 * @module
 */

import { plainArray } from "../database/array_literal.ts";
import { ANY_LENGTH, bodyColumns, type FoundEvent } from "./body_statement.ts";
import type { Cells, Statement } from "../database/database.ts";
import type { Fingerprint } from "../fingerprint.ts";
import type { Plan } from "./plan.ts";
import type { FoundPage } from "./scan.ts";
import { Parameters } from "../database/parameters.ts";
import { restSql } from "./rest_sql.ts";

/** A stretch of what was written, and whom it is searched for. */
interface Recent {
  readonly authors: readonly Fingerprint[];
  /** The kinds to read; all when undefined. */
  readonly kinds: readonly number[] | undefined;
  /** How many events the stretch has, of whomever. */
  readonly length: number;
}

/** With fewer authors, looking into each lane is as quick. */
const MIN_AUTHORS = 20;

/** What is found comes in one piece, so it may not be much. */
const MAX_LIMIT = 500;

/**
 * The stretch to read before a plan's lanes; undefined when that does not promise to be the whole answer.
 * Over all kinds, two events are read for each author and each event wanted: so much less than looking
 * into the lanes that it may be in vain.
 */
export function recentOf({ index, lanes, limit, rest }: Plan): Recent | undefined {
  const isFeed = index === "authorKind" || index === "author";
  if (!isFeed || rest.tags.length > 0 || limit > MAX_LIMIT) return undefined;
  const authors = [...new Set(lanes.map(([author]) => author as string))];
  const kinds = index === "author"
    ? rest.kinds
    : [...new Set(lanes.map(([, kind]) => kind as number))];
  const length = Math.floor(2 * (authors.length + limit) / (kinds?.length ?? 1));
  return authors.length < MIN_AUTHORS || length < 2 * limit
    ? undefined
    : { authors, kinds, length };
}

/** What was read of a stretch. */
interface RecentRow extends FoundEvent {
  /** Whether this is no event but the place where the stretch ends. */
  readonly isEnd: boolean;
}

/**
 * Reads the stretch. Its rows are the wanted events, in the order of the answer, and, when the stretch
 * was as long as it may be, the place where it ends: behind that, there may be more.
 *
 * @param mostBytes the longest JSON that comes along.
 */
export function recentStatement(
  plan: Plan,
  recent: Recent,
  mostBytes = ANY_LENGTH,
): Statement<RecentRow> {
  const parameters = new Parameters();
  const length = `${parameters.add(recent.length)}::int8`;
  const stretch = stretchSql(plan, recent, { parameters, length });
  // `is true` keeps Postgres from making a join of it: as it stands, the list is hashed once.
  const isWanted = `(author in (select unnest(${
    parameters.add(plainArray(recent.authors))
  }::uuid[]))) is true`;
  const limit = `${parameters.add(plan.limit)}::int8`;
  const body = bodyColumns("events.raw", parameters.add(mostBytes));
  return {
    text: `with stretch as materialized (${stretch})
select 0 as is_end, found.created_at, found.head, events.id, ${body}, events.seq
from (
  select created_at, head from stretch where ${isWanted} order by created_at desc, head limit ${limit}
) as found
join events on events.head = found.head
union all (
  select 1, created_at, head, '', '', 0, 0 from stretch order by created_at desc, head
  offset ${length} - 1 limit 1
)
order by is_end, created_at desc, head`,
    parameters: parameters.values,
    read: readRecentRow,
  };
}

/** The newest events of the kinds, whoever wrote them. */
function stretchSql(
  plan: Plan,
  { kinds }: Recent,
  { parameters, length }: { readonly parameters: Parameters; readonly length: string },
): string {
  const { hidden, banned } = plan.rest;
  const list = kinds && `unnest(${parameters.add(plainArray(kinds))}::int4[]) as lane (kind)`;
  const conditions = [
    ...(list === undefined ? [] : ["hit.kind = lane.kind"]),
    `hit.created_at >= ${parameters.add(plan.since)}::int8`,
    `hit.created_at < ${parameters.add(plan.before)}::int8`,
    ...restSql(
      {
        index: plan.index,
        rest: { tags: [], ...hidden && { hidden }, ...banned && { banned } },
        nowS: plan.nowS,
      },
      parameters,
    ),
  ];
  const newest = `select hit.created_at, hit.head, hit.author from events as hit
    where ${conditions.join(" and ")}
    order by hit.created_at desc, hit.head limit ${length}`;
  if (list === undefined) return newest;
  return `select hit.* from ${list} cross join lateral (${newest}) as hit
  order by hit.created_at desc, hit.head limit ${length}`;
}

function readRecentRow(cells: Cells): RecentRow {
  return {
    isEnd: cells.integer(0) === 1,
    createdAt: cells.integer(1),
    id: cells.hex(3),
    json: cells.utf8(4),
    absentBytes: cells.integer(5),
    seq: cells.integer(6),
  };
}

/**
 * The answer to a plan of which a stretch was read: what was found there and, if that is not all, what
 * the lanes hold behind it.
 *
 * @param lanes reads the lanes, only what is older than the given time, seconds since 1970.
 */
export async function* recentFirst(
  read: () => Promise<readonly RecentRow[]>,
  limit: number,
  lanes: (before: number) => AsyncIterable<FoundPage>,
): AsyncGenerator<FoundPage, void> {
  const rows = await read();
  const found = rows.filter(({ isEnd }) => !isEnd);
  const end = rows.at(-1);
  const isWhole = found.length >= limit || end?.isEnd !== true;
  if (found.length > 0) yield { events: found, isLast: isWhole };
  if (isWhole) return;
  // The second in which the stretch ends is read again: some of it came and some did not.
  const known = new Set(found.map(({ id }) => id));
  let wanted = limit - found.length;
  for await (const page of lanes(end.createdAt + 1)) {
    const events = page.events.filter(({ id }) => !known.has(id)).slice(0, wanted);
    wanted -= events.length;
    if (events.length > 0) yield { events, isLast: page.isLast || wanted === 0 };
    if (wanted === 0) return;
  }
}
