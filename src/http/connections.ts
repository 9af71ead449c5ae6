import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/** How long a client may take nothing of an answer that waits for it: 60 seconds. */
const patienceMs = 60_000;

/**
 * Keeps what one connection may hold small: its requests are answered one after the other, and whoever takes nothing of
 * an answer is cut off. To be called before any other hook is added.
 */
export function boundConnections(app: FastifyInstance): void {
  answerInTurn(app);
  cutStalledReaders(app.server);
}

/**
 * A client may send many requests before it reads an answer, and their answers go out in their order in any case: what
 * is made before its turn is held for as long as the client likes. So nothing is begun before its turn, and no more is
 * read from a connection on which requests wait.
 */
export function answerInTurn(app: FastifyInstance): void {
  const waiting = new WeakMap<Socket, number>();
  app.addHook("onRequest", ({ socket }, { raw: response }, done) => {
    // Only the response whose turn it is has the connection.
    if (response.socket !== null) {
      answers.set(socket, response);
      return done();
    }
    waiting.set(socket, (waiting.get(socket) ?? 0) + 1);
    // Node goes on reading at the end of each request: it is held when all that came together has been told apart.
    process.nextTick(() => {
      if ((waiting.get(socket) ?? 0) > 0) socket.pause();
    });
    response.once("socket", () => {
      const others = (waiting.get(socket) ?? 1) - 1;
      waiting.set(socket, others);
      // What is still to be read may be the body of this one.
      if (others === 0) socket.resume();
      answers.set(socket, response);
      done();
    });
  });
}

const answers = new WeakMap<Socket, ServerResponse>();

/** The latest answer that a connection had its turn for, where requests are answered in turn; it may have been sent. */
export function latestAnswer(socket: Socket): ServerResponse | undefined {
  return answers.get(socket);
}

/**
 * Cuts the connection of an answer of which the client takes nothing any more, so that nobody holds its memory for ever.
 * However slowly it takes some, it may go on; and it may wait for us as long as that lasts. How much it has taken is
 * looked at each time the patience has passed, so one that stops is cut after twice as long at most.
 */
export function cutStalledReaders(server: Server, afterMs = patienceMs): void {
  server.setTimeout(afterMs, (socket: Socket) => {
    // Between two requests a connection has another limit, which Node has set, and leaves to us to keep.
    const isIdle = socket.timeout !== afterMs;
    if (isIdle || socket.writableLength > 0) socket.destroy();
  });
}
