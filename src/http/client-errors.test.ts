import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import test, { type TestContext } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import Fastify, { type FastifyInstance } from "fastify";
import { answerClientError } from "./client-errors.ts";
import { answerInTurn } from "./connections.ts";

const arrivalMs = 500;

interface Talk {
  readonly route?: ((app: FastifyInstance) => void) | undefined;
  readonly say?: (socket: Socket) => unknown;
}

/** Connects to a server that has little patience. */
async function open(context: TestContext, { route }: Pick<Talk, "route">, allowHalfOpen = false) {
  const app = Fastify({
    requestTimeout: arrivalMs,
    http: { headersTimeout: arrivalMs, connectionsCheckingInterval: 20 },
    clientErrorHandler: (error, socket) =>
      answerClientError(error, socket as Socket, { requestId: "f".repeat(32), publicUrl: "http://here" }),
  });
  answerInTurn(app);
  route?.(app);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
  context.after(async () => {
    socket.destroy();
    await app.close();
  });
  await once(socket, "connect");
  return { app, socket };
}

/** Says something to such a server, and answers what came over the connection until it was closed. */
async function talk(context: TestContext, { route, say }: Talk): Promise<string> {
  const { socket } = await open(context, { route });
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  say?.(socket);
  await once(socket, "close", { signal: AbortSignal.timeout(30_000) });
  return received;
}

const head = (line: string, ...fields: readonly string[]) =>
  `${[line, "Host: here", ...fields].join("\r\n")}\r\n\r\n`;

/** Holds an answer to be one error in the gateway's words, and the last one of its connection. */
function assertSaid(received: string, status: string, message: string): void {
  assert.ok(received.startsWith(`HTTP/1.1 ${status}\r\n`), received);
  assert.match(received, /\r\nConnection: close\r\n/);
  assert.equal(received.match(/HTTP\/1\.1/g)?.length, 1);
  assert.deepEqual(JSON.parse(received.slice(received.indexOf("\r\n\r\n"))), {
    error_msg: message,
    error_code: "APIGW.0201",
    request_id: "f".repeat(32),
  });
}

test("a connection over which nothing is asked is closed without a word, which somebody's first request would get", async (context) => {
  assert.equal(await talk(context, {}), "");
});

test("a request whose head does not come to its end is answered with 408", async (context) => {
  const received = await talk(context, { say: (socket) => socket.write("GET / HTTP/1.1\r\nHost: he") });
  assertSaid(received, "408 Request Timeout", "Request timeout.");
});

test("a request whose body does not come to its end is answered with 408", async (context) => {
  const received = await talk(context, {
    route: (app) => app.post("/", async () => "done"),
    say: (socket) =>
      socket.write(`${head("POST / HTTP/1.1", "Content-Type: application/json", "Content-Length: 9")}{`),
  });
  assertSaid(received, "408 Request Timeout", "Request timeout.");
});

test("a request that is late on a connection that has been used is answered with 408", async (context) => {
  const received = await talk(context, {
    route: (app) => app.get("/", async () => "first"),
    async say(socket) {
      socket.write(head("GET / HTTP/1.1"));
      await once(socket, "data");
      socket.write("GET / HT");
    },
  });
  const [first = "", second = ""] = received.split("first");
  assert.match(first, /^HTTP\/1\.1 200 OK/);
  assertSaid(second, "408 Request Timeout", "Request timeout.");
});

test("a head that is too large is answered with 431, and what is no HTTP with 400", async (context) => {
  const large = await talk(context, {
    say: (socket) => socket.write(`GET / HTTP/1.1\r\nX-Long: ${"x".repeat(100_000)}`),
  });
  assertSaid(large, "431 Request Header Fields Too Large", "Request headers too large.");
  const malformed = await talk(context, { say: (socket) => socket.write("Hello?\r\n\r\n") });
  assertSaid(malformed, "400 Bad Request", "API request error.");
});

test("into an answer that is on its way nothing is said: it is cut", async (context) => {
  const received = await talk(context, {
    route(app) {
      // As a batch does: the body is read while it is answered.
      app.addContentTypeParser("application/x-ndjson", (_request, _body, done) => done(null));
      app.post("/", async (_request, reply) => {
        reply.hijack();
        reply.raw.write("begun");
      });
    },
    say: (socket) =>
      socket.write(`${head("POST / HTTP/1.1", "Content-Type: application/x-ndjson", "Content-Length: 9")}a`),
  });
  assert.match(received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*begun\r\n$/);
});

test("what is refused behind requests that have come whole is told behind their answers", async (context) => {
  const received = await talk(context, {
    route: (app) => app.get("/:name", ({ params }) => elapse(50, `<${(params as { name: string }).name}>`)),
    say: (socket) => socket.write(`${head("GET /first HTTP/1.1")}${head("GET /second HTTP/1.1")}no HTTP`),
  });
  assert.match(received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*<first>HTTP\/1\.1 200 OK\r\n[\s\S]*<second>HTTP/);
  assertSaid(received.slice(received.indexOf("<second>") + 8), "400 Bad Request", "API request error.");
});

test("a request that is late while another one is answered is refused behind that, and not done", async (context) => {
  let done = 0;
  const received = await talk(context, {
    route(app) {
      app.get("/slow", () => elapse(4 * arrivalMs, "<slow>"));
      app.get("/late", async () => {
        done += 1;
      });
    },
    async say(socket) {
      const request = head("GET /late HTTP/1.1");
      socket.write(head("GET /slow HTTP/1.1") + request.slice(0, 8));
      await elapse(3 * arrivalMs);
      socket.write(request.slice(8));
    },
  });
  const [slow = "", late = ""] = received.split("<slow>");
  assert.match(slow, /^HTTP\/1\.1 200 OK/);
  assertSaid(late, "408 Request Timeout", "Request timeout.");
  assert.equal(done, 0);
});

test("what comes after a request was refused as late does not complete it", async (context) => {
  let done = 0;
  const received = await talk(context, {
    route: (app) =>
      app.post("/", async () => {
        done += 1;
      }),
    async say(socket) {
      socket.write(`${head("POST / HTTP/1.1", "Content-Type: application/json", "Content-Length: 2")}{`);
      await once(socket, "data");
      socket.write("}");
    },
  });
  assertSaid(received, "408 Request Timeout", "Request timeout.");
  assert.equal(done, 0);
});

test("a request that was answered before it had come whole is not answered once more", async (context) => {
  const received = await talk(context, {
    route(app) {
      app.addHook("onRequest", async (_request, reply) => reply.code(401).send("no"));
      app.post("/", async () => "done");
    },
    say: (socket) =>
      socket.write(`${head("POST / HTTP/1.1", "Content-Type: application/json", "Content-Length: 2")}{`),
  });
  assert.match(received, /^HTTP\/1\.1 401 Unauthorized\r\n[\s\S]*no$/);
});

test("a connection that was refused is closed though its client keeps it open, and sends on", async (context) => {
  const { app, socket } = await open(context, {}, true);
  socket.on("error", () => {});
  socket.resume();
  socket.write("Hello?\r\n\r\n");
  await once(socket, "end");
  socket.write("Hello?\r\n\r\n");
  const countOpen = () =>
    new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)));
  assert.equal(await countOpen(), 1);
  while ((await countOpen()) > 0) await elapse(20);
});
