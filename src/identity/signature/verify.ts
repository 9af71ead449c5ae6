import { hash, timingSafeEqual } from "node:crypto";
import { TaskCenterError } from "../../task/error.ts";
import type { SignedRequest } from "../identity.ts";
import { algorithm, type SignatureClaim } from "./authorization.ts";
import { type CanonicalParts, canonicalRequest } from "./canonical-request.ts";
import { signatureRefused } from "./refusal.ts";
import { hmac, type SigningKeys } from "./signing-key.ts";

/** What a claim is held against. */
export interface Evidence {
  readonly claim: SignatureClaim;
  /** The secret half of the access key that the claim names. */
  readonly secret: string;
  readonly nowMs: number;
  readonly signingKeys: SigningKeys;
}

/**
 * Verifies that a request was signed with a secret key, just now, as it stands: first its date, then its body, which is
 * not read where its sender has left it unsigned, then the signature over both.
 * @throws TaskCenterError `unauthenticated` where it was not; and what `hashBody` throws.
 */
export async function verifyRequest(request: SignedRequest, evidence: Evidence): Promise<void> {
  const { claim, secret, nowMs, signingKeys } = evidence;
  const { method, target, headers } = request;
  const { signedHeaders, scope } = claim;
  const date = checkDate(headers["x-sdk-date"], nowMs);
  if (scope !== undefined && !date.startsWith(scope.date)) throw signatureRefused();
  const bodyHash = await signedBodyHash(request, claim);
  verifySignature({
    claim,
    key: signingKeys(secret, scope),
    date,
    signed: { method, target, headers, signedHeaders, bodyHash },
  });
}

/**
 * Checks an X-Sdk-Date header, `yyyyMMddTHHmmssZ`, and answers it: its text is a part of what is signed.
 * @throws TaskCenterError `unauthenticated` where it is absent, malformed, no time that calendar and clock show, or more
 * than the tolerance away from now.
 */
export function checkDate(header: string | readonly string[] | undefined, nowMs: number): string {
  if (typeof header !== "string") throw signatureRefused();
  if (header !== lastDate?.text) lastDate = { text: header, timeMs: parseDate(header) };
  if (Math.abs(lastDate.timeMs - nowMs) > clockToleranceMs) {
    throw new TaskCenterError("unauthenticated", "signature expired");
  }
  return header;
}

/** The requests of one second share their date, and reading it costs a tenth of the whole verification. */
let lastDate: { readonly text: string; readonly timeMs: number } | undefined;

function parseDate(text: string): number {
  const [, year, month, day, hour, minute, second] = dateForm.exec(text) ?? [];
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const timeMs = Date.parse(time);
  // Date rolls 30 February over into March, so what it made of the text is held against the text.
  if (Number.isNaN(timeMs) || new Date(timeMs).toISOString() !== time) throw signatureRefused();
  return timeMs;
}

/** How far the clock of a sender may be from ours, either way: 15 minutes. */
const clockToleranceMs = 15 * 60 * 1000;
const dateForm = /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/;

/**
 * What stands for the body in the signed text: the real body's hash, which a sender may also have announced, or the
 * word that leaves the body unsigned. That word counts only where it is signed itself: anybody could have added it.
 */
async function signedBodyHash(request: SignedRequest, claim: SignatureClaim): Promise<string> {
  const announced = request.headers[contentHashHeader];
  if (announced === unsignedPayload && claim.signedHeaders.includes(contentHashHeader))
    return unsignedPayload;
  const bodyHash = await request.hashBody();
  if (announced !== undefined && announced !== bodyHash) throw signatureRefused();
  return bodyHash;
}

const contentHashHeader = "x-sdk-content-sha256";
const unsignedPayload = "UNSIGNED-PAYLOAD";

/**
 * Holds a signature against what it should be, in constant time.
 * @throws TaskCenterError `unauthenticated` where it is another.
 */
function verifySignature(evidence: {
  readonly claim: SignatureClaim;
  readonly key: string | Buffer;
  readonly date: string;
  readonly signed: CanonicalParts;
}): void {
  const { claim, key, date, signed } = evidence;
  const digest = hash("sha256", Buffer.from(canonicalRequest(signed), "latin1"));
  const place = claim.scope === undefined ? "" : `${claim.scope.text}\n`;
  const expected = hmac(key, `${algorithm}\n${date}\n${place}${digest}`);
  if (!timingSafeEqual(expected, Buffer.from(claim.signature, "hex"))) throw signatureRefused();
}
