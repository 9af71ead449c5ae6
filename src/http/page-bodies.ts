import type { FastifyReply } from "fastify";
import type { TaskPage } from "../task/query.ts";

/** A body in JSON, and for what else that is asked of the same page it is the answer too. */
export interface PageText<Asked> {
  readonly text: string;
  answers(asked: Asked): boolean;
}

/** A body as it is sent: text in one write with its head, bytes without being encoded again. */
export type PageBody = string | Buffer;

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
    { readonly body: Buffer; readonly answers: (asked: Asked) => boolean }
  >();
  return (page, asked) => {
    const known = written.get(page);
    if (known?.answers(asked)) return known.body;
    const { text, answers } = write(page, asked);
    if (!seen.has(page)) {
      seen.add(page);
      return text;
    }
    const body = Buffer.from(text);
    if (body.length > maxRememberedBytes) return text;
    written.set(page, { body, answers });
    return body;
  };
}

/** Sends a body that is JSON already. */
export function sendJson(reply: Pick<FastifyReply, "type">, body: PageBody): FastifyReply {
  return reply.type("application/json; charset=utf-8").send(body);
}
