import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * The limits that everything is held against: `GET /1234` answers a constant body of 1,234 bytes, and `GET /rows` ten
 * rows of a list, which are made into text for each answer.
 */
const server = createServer((request, response) => {
  const url = request.url ?? "/0";
  answer(response, url === "/rows" ? Buffer.from(JSON.stringify(page())) : bodyOf(url));
});

function answer(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

const bodies = new Map<string, Buffer>();

function bodyOf(url: string): Buffer {
  const known = bodies.get(url);
  if (known !== undefined) return known;
  const body = Buffer.alloc(Number(url.slice(1)), "x");
  bodies.set(url, body);
  return body;
}

const createdAtMs = 1_747_753_513_000;

/** A page of DDM's task list. */
function page(): object {
  const jobs = Array.from({ length: 10 }, (_, n) => ({
    id: `92370d30-3ddc-4e05-b8ab-51662d82431${n}`,
    name: "EnlargeNode",
    status: "Completed",
    created_time: createdAtMs - n,
    end_time: createdAtMs,
    process: "",
    instance_name: `ddm-${n}`,
    instance_id: "733c7e8d73a54c27b8308ec784a8be8cin09",
    operations: [],
    database_name: "orders",
    fail_reason: "",
  }));
  return { jobs, offset: 0, limit: 10, total: 1_234_567 };
}

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
