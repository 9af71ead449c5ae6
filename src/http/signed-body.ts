import { hash } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyRequest, RequestPayload } from "fastify";
import { TaskCenterError } from "../task/error.ts";

/** The largest request body: 1 MiB. */
export const maxBodyBytes = 1024 * 1024;

/** The body of a signed request, which is read before it is parsed: the signature covers it. */
export interface SignedBody {
  /** Reads the body, once, and answers its SHA-256 in hex. @throws TaskCenterError `request-too-large`. */
  hash(): Promise<string>;
  /** What is left for the parser: what was read, or what nobody asked for. */
  rest(): RequestPayload;
}

export function signedBody(request: FastifyRequest, payload: RequestPayload): SignedBody {
  let read: { readonly body: Buffer; readonly hash: string } | undefined;
  return {
    async hash() {
      // To look for a body costs as much as the signature, and most signed requests have none.
      if (!hasBody(request)) return emptyBodyHash;
      if (read === undefined) {
        const body = await readWhole(payload);
        read = { body, hash: hash("sha256", body) };
      }
      return read.hash;
    },
    rest: () => (read === undefined ? payload : streamOf(read.body)),
  };
}

/** Whether a request says that it has a body. */
export function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

const emptyBodyHash = hash("sha256", "");

async function readWhole(payload: RequestPayload): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of payload) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBodyBytes) {
      throw new TaskCenterError("request-too-large", "The request body is too large.");
    }
  }
  return Buffer.concat(chunks, length);
}

/** A body that was read already, for the parser, which holds its length against `Content-Length`. */
function streamOf(body: Buffer): RequestPayload {
  const stream: RequestPayload = Readable.from(body.length === 0 ? [] : [body]);
  stream.receivedEncodedLength = body.length;
  return stream;
}
