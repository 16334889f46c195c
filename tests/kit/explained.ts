/**
 * What a query really reads, as Postgres counts it.
 *
 * @module
 */

import { sha256 } from "../../src/app/sha256.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import type {
  Database,
  Parameter,
  Session,
  Statement,
  StatementOptions,
} from "../../src/store/database.ts";
import { SqlStore } from "../../src/store/sql_store.ts";

/** Rows, over all statements of a query. */
export interface RowsRead {
  /** Taken from tables and indexes, those that a condition then dropped among them. */
  readonly read: number;
  /** Given to the largest sort. */
  readonly sorted: number;
}

/** Asks `filter` and counts. */
export async function explained(database: Database, filter: ReqFilter): Promise<RowsRead> {
  const counting = new ExplainingDatabase(database);
  for await (const _ of new SqlStore(counting, sha256).query([filter]));
  return { read: counting.read, sorted: counting.sorted };
}

/** Passes statements on, and has each one explained besides. */
class ExplainingDatabase implements Database {
  read = 0;
  sorted = 0;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async query<Row>(
    statement: Statement<Row>,
    options?: StatementOptions,
  ): Promise<readonly Row[]> {
    // Prepared, because that is how it runs: with the plan that is made once for all parameters.
    const text = await this.#database.transaction(async (session) => {
      await session.script(`prepare explained as ${statement.text}`);
      const [json] = await session.query({
        text: `explain (analyze, buffers, format json) execute explained(${
          statement.parameters.map(literal).join(", ")
        })`,
        parameters: [],
        read: (cells) => cells.text(0),
      });
      await session.script("deallocate explained");
      return json!;
    });
    this.#count(JSON.parse(text)[0].Plan);
    return await this.#database.query(statement, options);
  }

  script(sql: string): Promise<void> {
    return this.#database.script(sql);
  }

  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#database.transaction(work);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #count(node: PlanNode): void {
    const loops = node["Actual Loops"];
    if (/Scan$/.test(node["Node Type"]) && "Relation Name" in node) {
      const dropped = (node["Rows Removed by Filter"] ?? 0) +
        (node["Rows Removed by Index Recheck"] ?? 0);
      this.read += Math.round((node["Actual Rows"] + dropped) * loops);
    }
    if (/Sort$/.test(node["Node Type"])) {
      const given = node.Plans![0]!;
      const rows = Math.round(given["Actual Rows"] * given["Actual Loops"]);
      this.sorted = Math.max(this.sorted, rows);
    }
    for (const child of node.Plans ?? []) this.#count(child);
  }
}

function literal(value: Parameter): string {
  return `'${String(value).replaceAll("'", "''")}'`;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly PlanNode[];
}
