import { request } from "node:http";
import type { Answer } from "./start-server.ts";

/**
 * Sends a request as it is: no address is put in order, and any header may be set, as whoever is no browser can. A body
 * that is a function comes after the head has been sent, as slowly as the test likes.
 */
export function sendRaw(
  url: string,
  options: {
    readonly method?: string;
    /** The request's target, where it is not the address's. */
    readonly target?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | (() => Promise<string>);
  } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  const { hostname, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, method, path: options.target ?? pathname + search, headers, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = /[/+]json/.test(incoming.headers["content-type"] ?? "") && text !== "";
          resolve({
            status: incoming.statusCode ?? 0,
            headers: new Headers(
              Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
                values.map((value): [string, string] => [name, value]),
              ),
            ),
            text,
            json: isJson ? JSON.parse(text) : undefined,
          });
        });
      },
    );
    outgoing.on("error", reject);
    if (typeof body !== "function") {
      outgoing.end(body);
      return;
    }
    outgoing.flushHeaders();
    body().then((text) => outgoing.end(text), reject);
  });
}
