/**
 * Databases' URLs, for people to see.
 *
 * @module
 */

/**
 * A database's URL as it may be shown: with `***` where a password was.
 */
export function withoutPassword(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/[^:@/?]*):.*@/, "$1:***@")
    .replace(/([?&]password=)[^&]*/g, "$1***");
}
