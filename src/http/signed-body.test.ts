import assert from "node:assert/strict";
import { type AddressInfo, connect } from "node:net";
import test, { type TestContext } from "node:test";
import Fastify from "fastify";
import { type BoundedBytes, boundedBytes } from "./bounded-bytes.ts";
import { answerError } from "./errors.ts";
import { signedBody } from "./signed-body.ts";

/** A server that judges each signature when the test says so, and has ten bytes for the bodies that wait. */
async function openServer(context: TestContext) {
  const room = boundedBytes(10, { message: "full", retryAfterSeconds: 5 });
  const held = { bytes: 0 };
  const waiting: BoundedBytes = {
    take(bytes) {
      room.take(bytes);
      held.bytes += bytes;
    },
    giveBack(bytes) {
      room.giveBack(bytes);
      held.bytes -= bytes;
    },
  };
  const judging: (() => void)[] = [];
  const app = Fastify();
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, "http://localhost"));
  app.post("/v1/echo", {
    async preParsing(request, _reply, payload) {
      const body = signedBody(request, payload, waiting);
      try {
        await body.hash();
        if (request.headers["x-wait"] !== undefined) {
          await new Promise<void>((resolve) => judging.push(resolve));
        }
        if (request.headers["x-forged"] !== undefined) throw new Error("forged");
      } finally {
        body.endWait();
      }
      return body.rest();
    },
    handler: async ({ body }) => body,
  });
  context.after(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    held,
    /** Lets the first of the bodies that wait be judged. */
    judge: () => judging.shift()?.(),
    /** Waits until the bodies that wait have so many bytes. */
    async untilHeld(bytes: number): Promise<void> {
      while (held.bytes !== bytes) await new Promise(setImmediate);
    },
    send: (length: number, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`http://127.0.0.1:${port}/v1/echo`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: "1".repeat(length),
      }),
  };
}

test("bodies that wait for their signatures have so many bytes together, and no more", async (context) => {
  const { send, judge, held, untilHeld } = await openServer(context);
  const bodies = [send(6, { "x-wait": "1" }), send(4, { "x-wait": "1" })];
  await untilHeld(10);
  const refused = await send(1);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "5");
  assert.match(await refused.text(), /#too-many-requests"/);
  judge();
  assert.equal((await Promise.race(bodies)).status, 200);
  assert.equal((await send(10 - held.bytes)).status, 200);
  judge();
  for (const answer of bodies) assert.equal((await answer).status, 200);
  assert.equal(held.bytes, 0);
});

test("a refused body, and one that has to go for lack of room, leave the whole room behind", async (context) => {
  const { send, held } = await openServer(context);
  for (let number = 0; number < 5; number += 1) {
    assert.equal((await send(10, { "x-forged": "1" })).status, 500);
    assert.equal((await send(11)).status, 429);
    assert.equal((await send(10)).status, 200);
    assert.equal(held.bytes, 0);
  }
});

test("a body whose sender goes away leaves the whole room behind", async (context) => {
  const { send, port, untilHeld } = await openServer(context);
  const socket = connect({ host: "127.0.0.1", port });
  const head = "POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  socket.write(`${head}Content-Length: 10\r\n\r\n123456789`);
  await untilHeld(9);
  assert.equal((await send(2)).status, 429);
  socket.destroy();
  await untilHeld(0);
  assert.equal((await send(10)).status, 200);
});
