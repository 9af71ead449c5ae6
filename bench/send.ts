import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import type { Target } from "./load.ts";

/** How a request was answered, and how long after it was sent the whole answer was there. */
export interface Answer {
  readonly status: number;
  readonly tookMs: number;
}

/** A request of one connection, which is kept for the next one. */
const agent = new Agent({ keepAlive: true });
/** Longer than a full queue of passwords takes on a slow machine. */
const timeoutMs = 60_000;

/** Sends one request, whatever else is in flight. Refusals are answers too. @throws Error where none comes. */
export function send(
  { url, headers }: Target,
  { method, path, body }: { readonly method: "GET" | "POST"; readonly path: string; readonly body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const signal = AbortSignal.timeout(timeoutMs);
    request(url + path, { method, agent, signal, headers: { ...headers, ...type } }, (response) => {
      text(response).then(
        () => resolve({ status: response.statusCode ?? 0, tookMs: performance.now() - startedMs }),
        reject,
      );
    })
      .on("error", reject)
      .end(body);
  });
}
