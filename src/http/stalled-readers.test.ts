import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { cutStalledReader } from "./stalled-readers.ts";

const patienceMs = 150;

/** Begins to read what a server answers, and leaves the body to the test. */
async function open(
  context: TestContext,
  answer: (response: ServerResponse) => void,
): Promise<IncomingMessage> {
  const server = createServer((_request, response) => {
    cutStalledReader(response, patienceMs);
    answer(response);
  });
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [response] = await once(get({ port, host: "127.0.0.1" }), "response");
  return response;
}

const large = Buffer.alloc(32 * 1024 * 1024);

test("an answer of which nothing is taken is cut", async (context) => {
  const answered = Promise.withResolvers<ServerResponse>();
  const response = await open(context, (sent) => {
    sent.end(large);
    answered.resolve(sent);
  });
  await once(await answered.promise, "close");
  response.resume();
  await assert.rejects(once(response, "end"), { code: "ECONNRESET" });
});

test("an answer that is taken slowly is not cut", async (context) => {
  const response = await open(context, (sent) => sent.end(large));
  let taken = 0;
  response.on("data", async (chunk: Buffer) => {
    taken += chunk.length;
    if (taken % (2 * 1024 * 1024) >= chunk.length) return;
    response.pause();
    await pause(patienceMs / 2);
    response.resume();
  });
  await once(response, "end");
  assert.equal(taken, large.length);
});

test("an answer that the server is slow to make is not cut", async (context) => {
  const response = await open(context, async (sent) => {
    sent.write("first");
    await pause(patienceMs * 3);
    sent.end("last");
  });
  assert.equal((await response.toArray()).join(""), "firstlast");
});
