import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** A proxy that shows a server under a path prefix, and cuts the prefix off before it passes a request on. */
export interface PrefixProxy {
  /** Its address with the prefix, and a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startPrefixProxy(target: string, prefix: string): Promise<PrefixProxy> {
  const { hostname, port, host } = new URL(target);
  const proxy = createServer((incoming, outgoing) => {
    const { url = "/", method, headers } = incoming;
    if (!url.startsWith(`${prefix}/`)) {
      outgoing.writeHead(418).end("not below the prefix");
      return;
    }
    // As proxies do that were told nothing: the host becomes the server's own.
    const onward = request(
      { hostname, port, method, path: url.slice(prefix.length), headers: { ...headers, host }, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        pipeline(answer, outgoing).catch(() => outgoing.destroy());
      },
    );
    onward.on("error", () => outgoing.destroy());
    pipeline(incoming, onward).catch(() => onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}/`,
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        proxy.closeAllConnections();
      }),
  };
}
