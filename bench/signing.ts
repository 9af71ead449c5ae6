import { hash } from "node:crypto";
import { algorithm } from "../src/identity/signature/authorization.ts";
import { canonicalRequest } from "../src/identity/signature/canonical-request.ts";
import { deriveSigningKeys, hmac } from "../src/identity/signature/signing-key.ts";
import { projectId } from "./processes.ts";

/** The two forms of a signature: with the secret key itself, and with one that is derived for a day and a service. */
export type SignatureForm = "Access" | "Credential";

/** An access key as its owner holds it. */
export interface KeyPair {
  readonly access: string;
  readonly secret: string;
}

/** A GET to sign: to which `host:port`, and for what. */
export interface SignedGet {
  readonly form: SignatureForm;
  readonly key: KeyPair;
  readonly host: string;
  readonly target: string;
  readonly nowMs: number;
}

/**
 * The headers of a signed GET, the same four signed as by the vendor's SDKs. They are good for 15 minutes, however
 * often they are sent: a server that remembers no signature checks the last one as it checks the first.
 */
export function signGet({ form, key, host, target, nowMs }: SignedGet): Record<string, string> {
  const date = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const day = date.slice(0, 8);
  const headers = {
    "content-type": "application/json",
    host,
    "x-project-id": projectId,
    "x-sdk-date": date,
  };
  const signedHeaders = Object.keys(headers);
  const digest = hash(
    "sha256",
    canonicalRequest({ method: "GET", target, headers, signedHeaders, bodyHash: emptyBodyHash }),
  );
  const scope =
    form === "Access"
      ? undefined
      : { date: day, region: "eu-de", service: "ddm", text: `${day}/eu-de/ddm/sdk_request` };
  const lines = [algorithm, date, ...(scope === undefined ? [] : [scope.text]), digest];
  const signature = hmac(deriveSigningKeys()(key.secret, scope), lines.join("\n")).toString("hex");
  const owner = scope === undefined ? `Access=${key.access}` : `Credential=${key.access}/${scope.text}`;
  const authorization = `${algorithm} ${owner}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  return { ...headers, authorization };
}

const emptyBodyHash = hash("sha256", "");
