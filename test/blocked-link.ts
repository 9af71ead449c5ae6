import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A way to a server that a test blocks as networks do: the two ends learn of it late, differently, or never. */
export interface BlockedLink {
  /** Where it is entered. */
  readonly port: number;
  /** Nothing arrives any more, in either direction, and neither end is told: nor those that enter from now on. */
  swallow(): void;
  /** What is sent still arrives, but no answer comes back, on the connections that there are. New ones are sound. */
  loseAnswers(): void;
  /** Breaks every connection, and each new one at once. */
  cut(): void;
  /** Breaks what is blocked; from now on connections are sound. */
  heal(): void;
  /** The ports from which it has reached its server: by them that knows whose connection is whose. */
  ports(): readonly number[];
}

interface Connection {
  readonly near: Socket;
  readonly far: Socket;
  /** Which directions are swallowed. */
  blocked: { readonly there: boolean; readonly back: boolean };
}

const open = { there: false, back: false };
const shut = { there: true, back: true };

/** Opens a way to a port of this machine, which goes with the test. */
export async function openBlockedLink(t: TestContext, toPort: number): Promise<BlockedLink> {
  const connections = new Set<Connection>();
  let isCut = false;
  let forNew = open;

  function breakOff(connection: Connection): void {
    reset(connection.near);
    reset(connection.far);
    connections.delete(connection);
  }

  function relay(
    connection: Connection,
    way: { from: Socket; to: Socket; direction: "there" | "back" },
  ): void {
    const { from, to, direction } = way;
    from.setNoDelay(true);
    from.on("error", () => {});
    from.on("data", (chunk) => {
      if (!connection.blocked[direction]) to.write(chunk);
    });
    // That one end has gone is a message, too.
    from.on("close", () => {
      if (connection.blocked[direction]) return;
      to.destroy();
      connections.delete(connection);
    });
  }

  const server = createServer((near) => {
    if (isCut) {
      reset(near.on("error", () => {}));
      return;
    }
    const far = connect(toPort, "127.0.0.1");
    const connection: Connection = { near, far, blocked: forNew };
    connections.add(connection);
    relay(connection, { from: near, to: far, direction: "there" });
    relay(connection, { from: far, to: near, direction: "back" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    for (const connection of connections) breakOff(connection);
    server.close();
    await once(server, "close");
  });

  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      forNew = shut;
      for (const connection of connections) connection.blocked = shut;
    },
    loseAnswers() {
      for (const connection of connections) connection.blocked = { there: false, back: true };
    },
    cut() {
      isCut = true;
      for (const connection of connections) breakOff(connection);
    },
    heal() {
      isCut = false;
      forNew = open;
      for (const connection of connections) {
        if (connection.blocked.there || connection.blocked.back) breakOff(connection);
      }
    },
    ports: () => [...connections].flatMap(({ far }) => far.localPort ?? []),
  };
}

/** Breaks a connection. One that is being made or ended already can only be ended: Node would keep it open for ever. */
function reset(socket: Socket): void {
  if (socket.connecting || socket.writableEnded || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}
