/**
 * The checks for supervisors and load balancers: whether the process is alive, and whether it can
 * serve.
 *
 * @module
 */

/** What is wrong, in a few words that may be public; undefined when nothing is. */
export type ReadyCheck = () => Promise<string | undefined>;

/** 200 `ok`: a process that answers is alive. To start it again would not bring its database back. */
export function healthResponse(): Response {
  return plain(200, "ok");
}

/**
 * 200 `ok`, or 503 with the reason. A check that rejects counts as not ready; its error is not
 * shown, because it may contain internals.
 *
 * @see RFC 9110 §15.6.4
 */
export async function readyResponse(check: ReadyCheck): Promise<Response> {
  const reason = await check().catch(() => "the check failed");
  return reason === undefined ? plain(200, "ok") : plain(503, reason);
}

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
  });
}
