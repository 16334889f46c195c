/**
 * The codes with which the relay itself ends a connection.
 *
 * @see RFC 6455 §7.4.1
 * @module
 */

/** The relay shuts down. */
export const GOING_AWAY = 1001;

/** The peer did not keep up, or was not heard. */
export const POLICY_VIOLATION = 1008;

/** The relay has too much to do, and may have less later. */
export const TRY_AGAIN_LATER = 1013;

/** The session broke. */
export const INTERNAL_ERROR = 1011;
