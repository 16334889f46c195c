/**
 * What the relay and its embedded database say to each other.
 *
 * @module
 */

/** Text, or bytes that are sent as they are. */
export type PgliteParameter = string | Uint8Array;

/** From the relay. Each request gets one answer with its number. */
export type PgliteRequest =
  & { readonly number: number }
  & (
    /** First of all. Without a directory the data is in memory and goes with the worker. */
    | {
      readonly type: "open";
      readonly directory: string | undefined;
      /** Memory for pages, megabytes. */
      readonly sharedBuffersMb: number;
    }
    | {
      readonly type: "query";
      readonly text: string;
      readonly parameters: readonly PgliteParameter[];
    }
    | { readonly type: "script"; readonly sql: string }
    /** Last of all. */
    | { readonly type: "close" }
  );

/** Cells as text, row by row. */
export type PgliteRows = readonly (readonly (string | null)[])[];

/** To the relay. */
export type PgliteAnswer =
  & { readonly number: number }
  & (
    | { readonly type: "rows"; readonly rows: PgliteRows }
    | {
      readonly type: "failed";
      readonly message: string;
      /** What the database answered; undefined when the database itself broke. */
      readonly sqlState: string | undefined;
    }
  );
