import { hash } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyRequest, RequestPayload } from "fastify";
import { TaskCenterError } from "../task/error.ts";
import { type BoundedBytes, boundedBytes } from "./bounded-bytes.ts";

/** The largest request body, where a route has no limit of its own: 1 MiB. */
export const maxBodyBytes = 1024 * 1024;

/** The body of a signed request, which is read before it is parsed: the signature covers it. */
export interface SignedBody {
  /**
   * Reads the body, once, and answers its SHA-256 in hex.
   * @throws TaskCenterError `request-too-large`; `too-many-requests` where too much waits already.
   */
  hash(): Promise<string>;
  /** Says that the signature has been judged: the body is no stranger's any more, or nobody's. */
  endWait(): void;
  /** What is left for the parser: what was read, or what nobody asked for. */
  rest(): RequestPayload;
}

/** By then bodies that came at an honest pace have been judged. */
const retryAfterSeconds = 5;

/**
 * A signature is judged when its body is there as a whole, and whoever knows the public half of a key gets so far. One
 * budget for all listeners: they share the memory of one process.
 */
const waitingInAll = boundedBytes(128 * 1024 * 1024, {
  message: "Too many signed bodies are on their way. Try again later.",
  retryAfterSeconds,
});

export function signedBody(
  request: FastifyRequest,
  payload: RequestPayload,
  waiting: BoundedBytes = waitingInAll,
): SignedBody {
  let read: { readonly body: Buffer; readonly hash: string } | undefined;
  let taken = 0;
  function take(bytes: number): void {
    waiting.take(bytes);
    taken += bytes;
  }
  return {
    async hash() {
      // To look for a body costs as much as the signature, and most signed requests have none.
      if (!hasBody(request)) return emptyBodyHash;
      if (read === undefined) {
        const body = await readWhole(payload, request.routeOptions.bodyLimit ?? maxBodyBytes, take);
        read = { body, hash: hash("sha256", body) };
      }
      return read.hash;
    },
    endWait() {
      waiting.giveBack(taken);
      taken = 0;
    },
    rest: () => (read === undefined ? payload : streamOf(read.body)),
  };
}

/** Whether a request says that it has a body. */
export function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

const emptyBodyHash = hash("sha256", "");

async function readWhole(
  payload: RequestPayload,
  maxBytes: number,
  take: (bytes: number) => void,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // The connection of a body that is not read to its end must last until that has been said.
    for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new TaskCenterError("request-too-large", "The request body is too large.");
      }
      take(chunk.length);
      chunks.push(chunk);
    }
  } finally {
    // Whoever still sends is heard out, so that they come to the answer; what they send is forgotten.
    payload.resume();
  }
  return Buffer.concat(chunks, length);
}

/** A body that was read already, for the parser, which holds its length against `Content-Length`. */
function streamOf(body: Buffer): RequestPayload {
  const stream: RequestPayload = Readable.from(body.length === 0 ? [] : [body]);
  stream.receivedEncodedLength = body.length;
  return stream;
}
