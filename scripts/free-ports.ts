import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Ports that no system hands out by itself, so that one which is free now is still free a moment later. */
const ports = { from: 20_000, to: 32_000 };

/** Ports of 127.0.0.1 on which nobody listens now, all different. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(ports.from, ports.to);
    const server = createServer();
    server.listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    found.add(port);
  }
  return [...found];
}

/** One such port. */
export async function freePort(): Promise<number> {
  const [port = 0] = await findFreePorts(1);
  return port;
}
