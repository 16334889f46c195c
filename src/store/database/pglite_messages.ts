/**
 * The messages between the relay and the worker of the embedded database.
 *
 * @module
 */

/** Text, or bytes for a `bytea`. */
export type PgliteParameter = string | Uint8Array;

/** From the relay. Each request gets one answer with the same number. */
export type PgliteRequest =
  & { readonly number: number }
  & (
    /** The first request. Without a directory the data is in memory and lost with the worker. */
    | {
      readonly type: "open";
      readonly directory: string | undefined;
      /** `shared_buffers`, megabytes. */
      readonly sharedBuffersMb: number;
    }
    | {
      readonly type: "query";
      readonly text: string;
      readonly parameters: readonly PgliteParameter[];
    }
    | { readonly type: "script"; readonly sql: string }
    /** The last request. */
    | { readonly type: "close" }
  );

/** Cells as text, row by row. */
export type PgliteRows = readonly (readonly (string | null)[])[];

/** From the worker. */
export type PgliteAnswer =
  & { readonly number: number }
  & (
    | { readonly type: "rows"; readonly rows: PgliteRows }
    | {
      readonly type: "failed";
      readonly message: string;
      /** The SQLSTATE of the answer; undefined when the database itself failed. */
      readonly sqlState: string | undefined;
    }
  );
