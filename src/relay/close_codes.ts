/**
 * The close codes that the relay sends.
 *
 * @see RFC 6455 §7.4.1
 * @module
 */

/** The relay is shutting down. */
export const GOING_AWAY = 1001;

/** The client read too slowly, was silent for too long, or may not connect. */
export const POLICY_VIOLATION = 1008;

/** The relay is short of memory. */
export const TRY_AGAIN_LATER = 1013;

/** The session failed. */
export const INTERNAL_ERROR = 1011;
