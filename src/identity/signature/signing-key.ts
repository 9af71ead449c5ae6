import { createHmac } from "node:crypto";
import QuickLru from "quick-lru";
import type { SignatureScope } from "./authorization.ts";

/**
 * The key that signs: in the access form (no scope) the secret key itself, in the credential form one that is derived
 * from it in four steps.
 */
export type SigningKeys = (secret: string, scope: SignatureScope | undefined) => string | Buffer;

/** Keeps the derived keys that are used, so that a request costs one HMAC in either form. One is good for a day. */
export function deriveSigningKeys(): SigningKeys {
  const kept = new QuickLru<string, Buffer>({ maxSize: 1000 });
  return (secret, scope) => {
    if (scope === undefined) return secret;
    // A scope has no spaces, so that no two pairs share a place.
    const place = `${scope.text} ${secret}`;
    const known = kept.get(place);
    if (known !== undefined) return known;
    const key = [scope.date, scope.region, scope.service, "sdk_request"].reduce(
      hmac,
      Buffer.from(`SDK${secret}`),
    );
    kept.set(place, key);
    return key;
  };
}

/** HMAC-SHA256 of a text. */
export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
