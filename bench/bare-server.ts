import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The limit that everything is held against: `GET /1234` answers a constant body of 1,234 bytes. */
const server = createServer((request, response) => {
  const body = bodyOf(request.url ?? "/0");
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
});

const bodies = new Map<string, Buffer>();

function bodyOf(url: string): Buffer {
  const known = bodies.get(url);
  if (known !== undefined) return known;
  const body = Buffer.alloc(Number(url.slice(1)), "x");
  bodies.set(url, body);
  return body;
}

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
