/**
 * Measures what a query reads, by EXPLAIN ANALYZE.
 *
 * @module
 */

import { sha256OfText } from "../../src/app/system/sha256.ts";
import type {
  Database,
  Parameter,
  Session,
  Statement,
  StatementOptions,
} from "../../src/store/database/database.ts";
import { SqlStore } from "../../src/store/sql_store.ts";

/** The total of all statements of a query. */
export interface Cost {
  /**
   * Rows read from tables and indexes, including rows that a filter then removed. A bitmap scan
   * counts twice: in the index and in the table.
   */
  readonly read: number;
  /** The input rows of the largest sort. */
  readonly sorted: number;
  /** Pages of 8 kB accessed, each as often as it was. */
  readonly pages: number;
}

/** Runs a query on this database and measures it. */
export async function explained(
  database: Database,
  ask: (store: SqlStore) => Promise<unknown>,
): Promise<Cost> {
  const counting = new ExplainingDatabase(database);
  await ask(new SqlStore(counting, sha256OfText));
  return { read: counting.read, sorted: counting.sorted, pages: counting.pages };
}

/** Forwards statements, and explains each one as well. */
class ExplainingDatabase implements Database {
  read = 0;
  sorted = 0;
  pages = 0;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async query<Row>(
    statement: Statement<Row>,
    options?: StatementOptions,
  ): Promise<readonly Row[]> {
    // Prepared, so that the generic plan is explained, which is the one that runs.
    const text = await this.#database.transaction(async (session) => {
      await session.script(`prepare explained as ${statement.text}`);
      const [json] = await session.query({
        text: `explain (analyze, buffers, format json) execute explained${argumentsOf(statement)}`,
        parameters: [],
        read: (cells) => cells.text(0),
      });
      await session.script("deallocate explained");
      return json!;
    });
    const plan: PlanNode = JSON.parse(text)[0].Plan;
    this.pages += (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
    this.#count(plan);
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
    if (/Scan$/.test(node["Node Type"]) && ("Relation Name" in node || "Index Name" in node)) {
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

function argumentsOf({ parameters }: Statement<unknown>): string {
  return parameters.length === 0 ? "" : `(${parameters.map(literal).join(", ")})`;
}

function literal(value: Parameter): string {
  return `'${String(value).replaceAll("'", "''")}'`;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly Plans?: readonly PlanNode[];
}
