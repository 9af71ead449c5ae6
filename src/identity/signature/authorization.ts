import { signatureRefused } from "./refusal.ts";

/** The scheme's name, which is also the first line of what is signed. */
export const algorithm = "SDK-HMAC-SHA256";

/** What the Authorization header of a signed request claims. Nothing of it is true before the signature is verified. */
export interface SignatureClaim {
  /** The public half of the sender's access key. */
  readonly access: string;
  /** The names of the headers that are signed, in lower case and in the sender's order. */
  readonly signedHeaders: readonly string[];
  /** 64 hex digits in lower case. */
  readonly signature: string;
  /** What the signing key is derived for, in the credential form; undefined in the access form. */
  readonly scope: SignatureScope | undefined;
}

/** The day and the place that a derived signing key is good for. */
export interface SignatureScope {
  /** `yyyyMMdd`. */
  readonly date: string;
  /** Empty where the client knows none, and so is the service. */
  readonly region: string;
  readonly service: string;
  /** The scope as it is signed: `yyyyMMdd/region/service/sdk_request`. */
  readonly text: string;
}

/** Whether an Authorization header is a signature, well-formed or not, rather than some other kind of proof. */
export function isSigned(header: string | undefined): boolean {
  return header !== undefined && schemeForm.test(header);
}

/**
 * Reads an Authorization header of either form:
 *
 *     SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=…
 *     SDK-HMAC-SHA256 Credential=AK/20200608/region/service/sdk_request, SignedHeaders=…, Signature=…
 *
 * @throws TaskCenterError `unauthenticated` for every other text.
 */
export function parseAuthorization(header: string): SignatureClaim {
  if (!isSigned(header)) throw signatureRefused();
  const parts = header.slice(algorithm.length).split(",", partCount + 1);
  const values: Partial<Record<PartName, string>> = {};
  for (const part of parts) {
    const [, name, value] = partForm.exec(part) ?? [];
    if (name !== undefined && value !== undefined) values[name as PartName] = value;
  }
  const signedHeaders = values.SignedHeaders?.toLowerCase().split(";");
  const { Signature: signature } = values;
  const owner = readOwner(values);
  // Exactly three parts, of which all three are found, leave no room for one that is foreign or given twice.
  if (
    parts.length !== partCount ||
    signedHeaders === undefined ||
    signedHeaders.includes("") ||
    new Set(signedHeaders).size !== signedHeaders.length ||
    signature === undefined ||
    !signatureForm.test(signature) ||
    owner === undefined
  ) {
    throw signatureRefused();
  }
  return { ...owner, signedHeaders, signature };
}

const partCount = 3;
type PartName = "Access" | "Credential" | "SignedHeaders" | "Signature";

/** Reads whose key it is: the part in which the two forms differ. */
function readOwner(
  values: Readonly<Partial<Record<PartName, string>>>,
): Pick<SignatureClaim, "access" | "scope"> | undefined {
  const { Access: access } = values;
  if (access !== undefined) return accessForm.test(access) ? { access, scope: undefined } : undefined;
  const credential = credentialForm.exec(values.Credential ?? "");
  if (credential === null) return undefined;
  const [, key = "", text = "", date = "", region = "", service = ""] = credential;
  return { access: key, scope: { date, region, service, text } };
}

/*
 * What separates the parts of each of these is excluded from the parts themselves, so that none can backtrack for long.
 * `[!-.0-~]` is visible ASCII without the slash; the lengths bound what a stranger can have looked up and remembered.
 */
const schemeForm = /^SDK-HMAC-SHA256(?:[ \t]|$)/i;
const partForm = /^[ \t]*(Access|Credential|SignedHeaders|Signature)=([!-~]+)[ \t]*$/;
const signatureForm = /^[0-9a-f]{64}$/;
const accessForm = /^[!-.0-~]{1,128}$/;
const credentialForm = /^([!-.0-~]{1,128})\/(([0-9]{8})\/([!-.0-~]{0,64})\/([!-.0-~]{0,64})\/sdk_request)$/;
