import type { SignedRequest } from "../identity.ts";
import { signatureRefused } from "./refusal.ts";

/** What goes into a canonical request: of the request itself, only what its sender has signed. */
export interface CanonicalParts extends Pick<SignedRequest, "method" | "target" | "headers"> {
  readonly signedHeaders: readonly string[];
  /** SHA-256 of the body in hex, or the word that the sender has signed in its place. */
  readonly bodyHash: string;
}

/**
 * Brings a request into the one form that sender and receiver compute alike, however it was written on its way. The
 * text is bytes as Latin-1, like the request's own, and it is those bytes that are hashed.
 * @throws TaskCenterError `unauthenticated` where a signed header is not in the request.
 */
export function canonicalRequest(parts: CanonicalParts): string {
  const { method, target, headers, signedHeaders, bodyHash } = parts;
  const queryAt = target.indexOf("?");
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const query = queryAt === -1 ? "" : target.slice(queryAt + 1);
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    canonicalHeaders(headers, signedHeaders),
    signedHeaders.join(";"),
    bodyHash,
  ].join("\n");
}

/** Writes every byte of the path in the one way that is its own. A slash inside a segment, `%2F`, stays inside it. */
function canonicalPath(path: string): string {
  const encoded = path.replace(pathPieces, (piece) => percentEncode(percentDecode(piece)));
  return encoded.endsWith("/") ? encoded : `${encoded}/`;
}

/** The query is sorted by what it means, not by how that is written: keys and values are decoded before. */
function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .filter((piece) => piece !== "")
    .map((piece) => {
      const equalsAt = piece.indexOf("=");
      return equalsAt === -1
        ? { key: formDecode(piece), value: "" }
        : { key: formDecode(piece.slice(0, equalsAt)), value: formDecode(piece.slice(equalsAt + 1)) };
    })
    .sort((a, b) => compareBytes(a.key, b.key) || compareBytes(a.value, b.value))
    .map(({ key, value }) => `${percentEncode(key)}=${percentEncode(value)}`)
    .join("&");
}

/** One line for each signed header, each with its end: the header block of a canonical request ends with an empty line. */
function canonicalHeaders(headers: SignedRequest["headers"], names: readonly string[]): string {
  let lines = "";
  for (const name of names.toSorted(compareBytes)) {
    const value = headers[name];
    // Node gives a list for one header only, Set-Cookie, which no request has.
    if (typeof value !== "string") throw signatureRefused();
    lines += `${name}:${trimBlanks(value)}\n`;
  }
  return lines;
}

/** Bytes as Latin-1 have the order of their characters. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Cuts spaces and tabs only: `trim` takes U+00A0 for a space, and the last byte of a UTF-8 `à` looks like one. */
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Decodes as forms are: a plus is a space, and what only looks like an escape stands for itself. */
function formDecode(text: string): string {
  return percentDecode(text.includes("+") ? text.replaceAll("+", " ") : text);
}

/** Most texts hold no escape, and this is asked of every part of every signed request; so it is with the encoding. */
function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(escapes, (found) => String.fromCharCode(Number.parseInt(found.slice(1), 16)));
}

function percentEncode(bytes: string): string {
  if (unreservedOnly.test(bytes)) return bytes;
  return bytes.replace(reserved, (byte) => `%${hexDigits(byte.charCodeAt(0))}`);
}

function hexDigits(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

const escapes = /%[0-9A-Fa-f]{2}/g;
const reserved = /[^A-Za-z0-9\-._~]/g;
const unreservedOnly = /^[A-Za-z0-9\-._~]*$/;
/** What of a path may have to be written otherwise: its slashes separate segments, and stay. */
const pathPieces = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~/]/g;
