/**
 * How long clients wait.
 *
 * @module
 */

import { Histogram } from "../base/histogram.ts";

/** Durations since start, seconds. */
export class Timings {
  /** From the arrival of an EVENT to its OK. */
  readonly eventToOk = new Histogram();
  /** From the arrival of a REQ to its EOSE. */
  readonly reqToEose = new Histogram();
  /** From the arrival of a COUNT to its answer. */
  readonly countToAnswer = new Histogram();
}
