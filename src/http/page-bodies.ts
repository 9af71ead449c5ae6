import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { TaskPage } from "../task/query.ts";
import { type BoundedBytes, boundedBytes } from "./bounded-bytes.ts";
import { isUnchanged } from "./entity-tags.ts";

/** A body in JSON, and for what else that is asked of the same page it is the answer too. */
export interface PageText<Asked> {
  readonly text: string;
  answers(asked: Asked): boolean;
}

/** A body as it is sent, and its entity tag. */
export class PageBody {
  /** Text goes out in one write with its head, bytes without being encoded again. */
  readonly content: string | Buffer;
  #tag: string | undefined;

  constructor(content: string | Buffer) {
    this.content = content;
  }

  /**
   * The entity tag: a digest, so that equal bodies have equal tags at every server. It is made when somebody asks for it
   * and kept with the body. Nothing is secured by it, and SHA-1 is the fastest where the processor knows it.
   */
  get tag(): string {
    this.#tag ??= `"${hash("sha1", this.content, "base64url")}"`;
    return this.#tag;
  }
}

/** The largest body that is remembered. */
const maxRememberedBytes = 256 * 1024;

/**
 * Remembers the body that was made of a page for as long as somebody has the page. While nothing has changed the store
 * answers the very same page, which nobody alters, and whoever asks again gets the same bytes. Most pages are asked for
 * once: of those nothing is kept. Of one page only the latest body is remembered.
 */
export function rememberBodies<Asked>(
  write: (page: TaskPage, asked: Asked) => PageText<Asked>,
): (page: TaskPage, asked: Asked) => PageBody {
  const seen = new WeakSet<TaskPage>();
  const written = new WeakMap<
    TaskPage,
    { readonly body: PageBody; readonly answers: (asked: Asked) => boolean }
  >();
  return (page, asked) => {
    const known = written.get(page);
    if (known?.answers(asked)) return known.body;
    const { text, answers } = write(page, asked);
    if (!seen.has(page)) {
      seen.add(page);
      return new PageBody(text);
    }
    const bytes = Buffer.from(text);
    if (bytes.length > maxRememberedBytes) return new PageBody(text);
    const body = new PageBody(bytes);
    written.set(page, { body, answers });
    return body;
  };
}

/** From this length on, in characters or bytes, a body counts among those that wait for their readers. */
const longBody = 1024 * 1024;
/** One budget for all listeners: they share the memory of one process. A page of the largest tasks has 54 MB. */
const longInAll = boundedBytes(256 * 1024 * 1024, {
  message: "Too many long answers wait for their readers. Try again later, or ask for fewer tasks at a time.",
  retryAfterSeconds: 5,
});

/**
 * Sends a body that is JSON already.
 *
 * @throws TaskCenterError `too-many-requests` where too much of others waits to be read.
 */
export function sendJson(
  reply: Pick<FastifyReply, "type" | "raw">,
  { content }: PageBody,
  inAll: BoundedBytes = longInAll,
): FastifyReply {
  const { length } = content;
  // Whoever has gone meanwhile reads nothing, and their end is told no more.
  if (length >= longBody && !reply.raw.destroyed) {
    inAll.take(length);
    reply.raw.once("close", () => inAll.giveBack(length));
  }
  return reply.type("application/json; charset=utf-8").send(content);
}

/** Sends a body that is JSON already with its entity tag, and 304 without it to a caller who has it. */
export function sendJsonIfChanged(
  { headers }: Pick<FastifyRequest, "headers">,
  reply: Pick<FastifyReply, "type" | "raw" | "code" | "header">,
  body: PageBody,
): FastifyReply {
  reply.header("etag", body.tag);
  return isUnchanged(headers["if-none-match"], body.tag) ? reply.code(304).send() : sendJson(reply, body);
}
