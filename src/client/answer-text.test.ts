import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import test, { type TestContext } from "node:test";
import { chunksOf, textOf } from "./answer-text.ts";
import { ConnectionError, connect } from "./index.ts";

/** A client of a server that answers in its own way, and that server's address. */
async function listen(t: TestContext, answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => answer(response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    client: await connect({ credentials: { kind: "token", url: `${origin}/v1/p1`, token: "t" } }),
  };
}

function* repeated<T>(value: T): Generator<T, never> {
  for (;;) yield value;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test("an answer that says it is longer than any is not read", async (t) => {
  const { origin, client } = await listen(t, (response) => {
    response.writeHead(200, { "content-length": String(1024 ** 4) }).write("{");
  });
  const message = `${origin} does not speak the Task Center API: its answer does not end within 256 MiB`;
  await assert.rejects(client.listTasks(), { name: "ConnectionError", message });
});

test("a text is read to its limit and no further, whatever it says of its length", async () => {
  let parts = 0;
  let isCanceled = false;
  const endless = new ReadableStream({
    pull(controller) {
      parts += 1;
      controller.enqueue(new TextEncoder().encode("x".repeat(10)));
    },
    cancel() {
      isCanceled = true;
    },
  });
  assert.equal(await textOf(new Response(endless), { maxBytes: 95 }), undefined);
  assert.ok(isCanceled && parts <= 12);
  assert.equal(await textOf(new Response("größe"), { maxBytes: 7 }), "größe");
  assert.equal(await textOf(new Response("größer"), { maxBytes: 7 }), undefined);
  assert.equal(await textOf(new Response(null)), "");
  assert.deepEqual(await all(chunksOf(new Response(null))), []);
});

test("a line that does not end is no exported task", async (t) => {
  const { client } = await listen(t, (response) => {
    response.setHeader("content-type", "application/x-ndjson");
    const parts = Readable.from(repeated(Buffer.alloc(1024 * 1024, "x")));
    pipeline(parts, response, () => {});
  });
  const error = await all(client.exportTasks()).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /its answer does not end within 256 MiB$/);
});
