/**
 * What somebody hears for whom there is no room.
 *
 * @module
 */

import { type HandshakeResponse, refuse } from "../../websocket/handshake.ts";
import type { AdmissionRefusal } from "./admission.ts";

/** The response for whoever was not let in. RFC 9110 §10.2.3 and RFC 6585 §4 name the header. */
export function fullResponse(refusal: AdmissionRefusal): HandshakeResponse {
  return responses[refusal];
}

const responses: Readonly<Record<AdmissionRefusal, HandshakeResponse>> = {
  "total": refuse(503, "too many connections", [["Retry-After", "30"]]),
  "per-client": refuse(429, "too many connections of yours", [["Retry-After", "30"]]),
  "rate": refuse(429, "too many new connections of yours", [["Retry-After", "5"]]),
};
