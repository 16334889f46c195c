/**
 * Whether the relay can serve, for load balancers and supervisors.
 *
 * @module
 */

/** Says what is wrong, in a few words that may be shown to anybody; undefined when nothing is. */
export type HealthCheck = () => Promise<string | undefined>;

/**
 * 200 `ok`, or 503 with the reason. A check that fails to come to a result counts as ill; its error
 * stays inside, since it may tell more than a stranger should know.
 *
 * @see RFC 9110 §15.6.4
 */
export async function healthResponse(healthy: HealthCheck): Promise<Response> {
  const reason = await healthy().catch(() => "health check failed");
  return new Response(`${reason ?? "ok"}\n`, {
    status: reason === undefined ? 200 : 503,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
  });
}
