import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import test, { type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import Fastify, { type FastifyInstance } from "fastify";
import { answerInTurn, cutStalledReaders } from "./connections.ts";

const patienceMs = 150;

/** Begins to read what a server answers, and leaves the body to the test. */
async function open(
  context: TestContext,
  answer: (response: ServerResponse) => void,
  ms = patienceMs,
): Promise<IncomingMessage> {
  const server = createServer((_request, response) => answer(response));
  cutStalledReaders(server, ms);
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
  // Shorter than all pauses together, and longer than one by more than the machine pauses.
  const response = await open(context, (sent) => sent.end(large), 2000);
  let taken = 0;
  response.on("data", async (chunk: Buffer) => {
    taken += chunk.length;
    if (taken % (2 * 1024 * 1024) >= chunk.length) return;
    response.pause();
    await pause(250);
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

test("a connection on which nothing is asked any more is ended as ever", async (context) => {
  const server = createServer((_request, response) => response.end("answer"));
  server.keepAliveTimeout = 50;
  cutStalledReaders(server, patienceMs * 100);
  context.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(requestTo("/"));
  socket.resume();
  await once(socket, "close");
});

/** A server that answers requests in turn, a connection to it, and what has come over that so far. */
async function connectInTurn(
  context: TestContext,
  route: (app: FastifyInstance) => void,
): Promise<{ readonly socket: Socket; readonly received: () => string; readonly app: FastifyInstance }> {
  const app = Fastify();
  answerInTurn(app);
  route(app);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  context.after(async () => {
    socket.destroy();
    await app.close();
  });
  await once(socket, "connect");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return { socket, received: () => text, app };
}

const requestTo = (path: string) => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`;

test("of many requests on one connection none is begun before those before it are answered", async (context) => {
  let atOnce = 0;
  let mostAtOnce = 0;
  const { socket, received } = await connectInTurn(context, (app) =>
    app.get("/:number", async (request) => {
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return `<${(request.params as { number: string }).number}>`;
    }),
  );
  const numbers = Array.from({ length: 2000 }, (_, number) => number);
  // More than is read at once.
  socket.write(numbers.map((number) => requestTo(`/${number}`)).join(""));
  while (!received().endsWith("<1999>")) await once(socket, "data");
  assert.equal(mostAtOnce, 1);
  assert.deepEqual(
    received()
      .match(/(?<=<)\d+(?=>)/g)
      ?.map(Number),
    numbers,
  );
});

test("while a request waits for its turn, no more is read than has come with it", async (context) => {
  let begun = 0;
  const first = Promise.withResolvers<string>();
  const { socket, app, received } = await connectInTurn(context, (app) => {
    app.server.on("request", () => {
      begun += 1;
    });
    app.get("/first", () => first.promise);
    app.get("/other", async () => "other");
  });
  const count = 200_000;
  socket.write(requestTo("/first"));
  socket.write(requestTo("/other").repeat(count));
  let before: number;
  do {
    before = begun;
    await pause(100);
  } while (begun !== before || begun < 2);
  assert.ok(begun < 10_000, `${begun} requests are held`);
  assert.ok(socket.writableLength > 0, "what is not read waits at the client");
  first.resolve("first");
  while (!received().includes("other")) await once(socket, "data");
  assert.equal(await new Promise((resolve) => app.server.getConnections((_, open) => resolve(open))), 1);
});

test("a body that comes when its request's turn has come is read", async (context) => {
  const first = Promise.withResolvers<string>();
  const { socket, received } = await connectInTurn(context, (app) => {
    app.get("/first", () => first.promise);
    app.post("/second", async ({ body }) => body);
  });
  const body = JSON.stringify({ text: "x".repeat(500_000) });
  const head = `POST /second HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(requestTo("/first") + head);
  socket.write(body);
  await pause(50);
  first.resolve("first");
  while (!received().endsWith(body)) await once(socket, "data");
});

test("a connection that ends while requests wait on it leaves nothing behind", async (context) => {
  let begun = 0;
  const first = Promise.withResolvers<string>();
  const { socket, app } = await connectInTurn(context, (app) => {
    app.get("/first", () => {
      begun += 1;
      return first.promise;
    });
  });
  socket.write(requestTo("/first").repeat(5));
  while (begun === 0) await pause(5);
  socket.destroy();
  await pause(50);
  first.resolve("first");
  await app.close();
  // That the client has gone is seen when it is written to.
  assert.ok(begun <= 2, `${begun} were begun`);
});
