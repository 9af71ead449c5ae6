import { aheadMsIn, machineClock, noticedSkewMs } from "./clock.ts";
import type { AccessKeyCredentials } from "./credentials.ts";
import type { ApiError } from "./errors.ts";
import { type OutgoingRequest, signRequest } from "./signature.ts";

/** What a caller proves with who they are. */
export interface Proof {
  /** Answers the headers by which a request shows who sends it. */
  headersFor(request: OutgoingRequest): Promise<Readonly<Record<string, string>>>;
  /** Answers the proof to try after this one was refused with 401; undefined where there is no other. */
  renew(refusal: ApiError): Promise<Proof> | undefined;
}

/** A token, and where the next one comes from when it ends. */
export function tokenProof(token: string, logInAgain: (() => Promise<string>) | undefined): Proof {
  return {
    headersFor: async () => ({ "x-auth-token": token }),
    renew: () => logInAgain?.().then((newToken) => tokenProof(newToken, logInAgain)),
  };
}

/**
 * A signature of every request. A machine whose clock is wrong would be refused for it: then it goes by the server's.
 * Servers bear 15 minutes; a second attempt does no harm where the clocks differ by less. `skewMs` is how far the
 * server's is ahead of ours.
 */
export function signatureProof(credentials: AccessKeyCredentials, skewMs = 0): Proof {
  const { securityToken } = credentials;
  const ownHeaders: Readonly<Record<string, string>> =
    securityToken === undefined ? {} : { "x-security-token": securityToken };
  return {
    headersFor: async (request) => ({
      ...ownHeaders,
      ...(await signRequest(
        { ...request, headers: { ...request.headers, ...ownHeaders } },
        credentials,
        machineClock() + skewMs,
      )),
    }),
    renew({ date }) {
      const seenSkewMs = aheadMsIn(date);
      if (!(Math.abs(seenSkewMs - skewMs) > noticedSkewMs)) return undefined;
      return Promise.resolve(signatureProof(credentials, seenSkewMs));
    },
  };
}
