/** A request as it is about to be sent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  /** The headers that matter to the receiver. `Host` is not among them: it follows from the address. */
  readonly headers: Readonly<Record<string, string>>;
  /** `""` where it has none. */
  readonly body: string;
}

/** An access key with its secret half. */
export interface KeyPair {
  readonly accessKey: string;
  readonly secretKey: string;
}

const algorithm = "SDK-HMAC-SHA256";

/**
 * The headers that make a request one that is signed with an access key at a given time: the access form of the
 * scheme that the clouds call AK/SK. The address, the body and every header of the request are signed. Text of headers
 * is bytes as Latin-1, as `fetch` sends it.
 */
export async function signRequest(
  request: OutgoingRequest,
  { accessKey, secretKey }: KeyPair,
  atMs: number,
): Promise<Readonly<Record<string, string>>> {
  const { host, pathname, searchParams } = new URL(request.url);
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, "");
  // `Headers` has the form that is signed: names in lower case and in order, values without blanks around them.
  const headers = [...new Headers({ ...request.headers, host, "x-sdk-date": date })];
  const headerNames = headers.map(([name]) => name).join(";");
  const canonicalRequest = [
    request.method,
    canonicalPath(pathname),
    canonicalQuery(searchParams),
    ...headers.map(([name, value]) => `${name}:${value}`),
    "",
    headerNames,
    await sha256(utf8(request.body)),
  ].join("\n");
  const signature = await hmac(
    utf8(secretKey),
    latin1([algorithm, date, await sha256(latin1(canonicalRequest))].join("\n")),
  );
  return {
    "x-sdk-date": date,
    authorization: `${algorithm} Access=${accessKey}, SignedHeaders=${headerNames}, Signature=${signature}`,
  };
}

/** Every segment with the escapes that it needs and no others, and a slash at the end. */
function canonicalPath(path: string): string {
  const segments = path.split("/").map((segment) => percentEncoded(decodeURIComponent(segment)));
  return segments.at(-1) === "" ? segments.join("/") : `${segments.join("/")}/`;
}

/** Sorted by what it says, byte by byte, before it is escaped. */
function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([key, value]) => ({ key: byteText(key), value: byteText(value), pair: [key, value] }))
    .sort((a, b) => compare(a.key, b.key) || compare(a.value, b.value))
    .map(({ pair }) => pair.map(percentEncoded).join("="))
    .join("&");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As RFC 3986 has it: all but letters, digits and `-._~` is escaped, and `encodeURIComponent` leaves a few more. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Text whose characters are the bytes of UTF-8, so that comparing it compares them. */
function byteText(text: string): string {
  return String.fromCharCode(...utf8(text));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

async function hmac(secret: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<string> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return hex(await crypto.subtle.sign("HMAC", key, message));
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
