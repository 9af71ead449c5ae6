import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { TaskCenterError } from "../task/error.ts";
import { latestAnswer } from "./connections.ts";
import { type ErrorContext, renderError } from "./errors.ts";

/** How long what is said last may take to be read, in milliseconds, before the connection is closed whoever keeps it open. */
const lastWordMs = 1000;

/** The code of a request that has not come whole in time. */
const late = "ERR_HTTP_REQUEST_TIMEOUT";

const refused = new WeakSet<Socket>();

/**
 * Answers what never became a whole request, and closes its connection: there is only the socket to write to, and no
 * address to go by. What is owed for the requests before it comes first.
 *
 * It is closed without a word where words would be taken for another answer: over a connection on which nothing was asked
 * in time, and where the request's own answer has begun. Browsers open connections before they need them, and what is
 * asked at that very moment would have this answer; one that is only closed they open anew.
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  context: Omit<ErrorContext, "url">,
): void {
  if (error.code === "ECONNRESET") {
    socket.destroy();
  } else if (!refused.has(socket)) {
    // Whatever else comes over it is no request either.
    refused.add(socket);
    refuse(error, socket, context);
  }
}

function refuse(error: NodeJS.ErrnoException, socket: Socket, context: Omit<ErrorContext, "url">): void {
  // What is late might still come, and would be done although it was refused.
  if (error.code === late) socket.pause();
  const answer = latestAnswer(socket);
  if (answer?.socket === socket && answer.req.complete) {
    answer.once("finish", () => refuse(error, socket, context));
    return;
  }
  const wouldMislead =
    answer === undefined ? socket.bytesRead === 0 : answer.headersSent && !answer.req.complete;
  if (wouldMislead || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, contentType, body } = renderError(problemOf(error), { ...context, url: "" });
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${contentType}`,
      `Content-Length: ${Buffer.byteLength(text)}`,
      `X-Request-Id: ${context.requestId}`,
      "Connection: close",
      "",
      text,
    ].join("\r\n"),
  );
  setTimeout(() => socket.destroy(), lastWordMs).unref();
}

function problemOf({ code }: NodeJS.ErrnoException): TaskCenterError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new TaskCenterError("headers-too-large", "The request headers are too large.");
    case late:
      return new TaskCenterError("request-timeout", "The request has not come whole in time.");
    default:
      return new TaskCenterError("malformed-request", "The request is no HTTP.");
  }
}
