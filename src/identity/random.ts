import { hash, randomBytes, randomInt } from "node:crypto";

/** What nobody can guess: ids, tokens and keys; and the digests by which the store knows them. */

/** As Keystone's ids: 32 hex digits. */
export function newId(): string {
  return randomBytes(16).toString("hex");
}

/** 256 random bits, as 43 characters. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Whether a text can be one of `newToken`. */
export function isTokenShaped(text: string): boolean {
  return tokenPattern.test(text);
}

/** What is stored of a token. It is random over 256 bits, so a plain hash cannot be searched for it. */
export function digestOf(token: string): string {
  return hash("sha256", token);
}

/** The public half of an access key, in the vendor's form: 20 capitals and digits. */
export function newAccess(): string {
  return randomText(20, accessAlphabet);
}

/** The secret half of an access key, in the vendor's form: 40 letters and digits, 238 random bits. */
export function newSecret(): string {
  return randomText(40, secretAlphabet);
}

const tokenPattern = /^[A-Za-z0-9_-]{43}$/;
const accessAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const secretAlphabet = `${accessAlphabet}abcdefghijklmnopqrstuvwxyz`;

function randomText(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}
