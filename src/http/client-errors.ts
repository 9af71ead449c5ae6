import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { TaskCenterError } from "../task/error.ts";
import { currentAnswer } from "./connections.ts";
import { type ErrorContext, renderError } from "./errors.ts";

/**
 * Answers what never became a whole request, and closes its connection: there is only the socket to write to, and no
 * address to go by. It is closed without a word where words would be taken for another answer:
 *
 * - on a connection over which nothing was asked in time. Browsers open some before they need them, and what is asked at
 *   that very moment would have this answer; a connection that is only closed they open anew.
 * - while an answer is on its way, or is still made for a request that has come whole.
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  context: Omit<ErrorContext, "url">,
): void {
  const current = currentAnswer(socket);
  const wouldMislead =
    current === undefined ? socket.bytesRead === 0 : current.headersSent || current.req.complete;
  if (wouldMislead || error.code === "ECONNRESET" || !socket.writable) {
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
}

function problemOf({ code }: NodeJS.ErrnoException): TaskCenterError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new TaskCenterError("headers-too-large", "The request headers are too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new TaskCenterError("request-timeout", "The request has not come whole in time.");
    default:
      return new TaskCenterError("malformed-request", "The request is no HTTP.");
  }
}
