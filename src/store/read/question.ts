/**
 * What a query asks, filter by filter, and its answers as one.
 *
 * @module
 */

import type { Session, StatementOptions } from "../database/database.ts";
import { inlineShare, type Part } from "./inline_share.ts";
import type { FoundPage } from "./scan.ts";
import { inTurn, union } from "./union.ts";

/** How many events are found in one step, at most. */
export const PAGE_EVENTS = 500;

/** What is found, step by step. */
export type Answer = AsyncGenerator<FoundPage, void>;

/** What cuts an answer short. */
export interface Bounds extends Pick<StatementOptions, "signal" | "timeBudget"> {
  /** Where its statements go. */
  readonly database?: Pick<Session, "query">;
}

/** How each step of an answer is read. */
export interface Step extends Bounds {
  /** The longest JSON that comes along, bytes; or `NO_BODY`. */
  readonly mostBytes: number;
  /** How many events are read at a time. Default: {@link PAGE_EVENTS}. */
  readonly pageEvents?: number;
}

/** A filter with the way to its answer. */
export interface Question {
  /** What is read for it, see {@link inlineShare}. */
  readonly parts: readonly Part[];
  readonly ask: (step: Step) => Answer;
}

/** What nothing can match. */
export const noQuestion: Question = { parts: [], ask: async function* () {} };

/** An answer to all questions. */
export interface Asked {
  readonly found: Answer;
  /** The most bytes of JSON that come along in one step. */
  readonly leaseBytes: number;
}

/** All answers as one, in the order of time. */
export function askTogether(questions: readonly Question[], bounds: Bounds): Asked {
  const parts = questions.flatMap(({ parts }) => parts);
  const { mostBytes, leaseBytes } = inlineShare(parts, PAGE_EVENTS);
  return { found: merged(questions.map(({ ask }) => ask({ ...bounds, mostBytes }))), leaseBytes };
}

/** One answer after the other. Each has all the room for itself. */
export function askInTurn(questions: readonly Question[], bounds: Bounds): Asked {
  const shares = questions.map(({ parts }) => inlineShare(parts, PAGE_EVENTS));
  const answers = questions.map(({ ask }, at) => ask({ ...bounds, ...shares[at]! }));
  return {
    found: inTurn(answers),
    leaseBytes: Math.max(0, ...shares.map(({ leaseBytes }) => leaseBytes)),
  };
}

/** The union of answers, see `union.ts`. */
export function merged(answers: readonly Answer[], limit = Infinity): Answer {
  return answers.length === 1 ? answers[0]! : union(answers, { limit, pageEvents: PAGE_EVENTS });
}
