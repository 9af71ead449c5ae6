import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { freePort } from "../../scripts/free-ports.ts";

/** A Redis to put jobs into. Disposing of it ends it, unless it is somebody else's. */
export interface Redis extends AsyncDisposable {
  readonly url: string;
}

/** The Redis that the environment names, else one of our own; undefined where neither is to be had. */
export async function findRedis(folder: string, signal: AbortSignal): Promise<Redis | undefined> {
  const given = process.env.TEST_REDIS_URL;
  if (given !== undefined) return { url: given, [Symbol.asyncDispose]: async () => {} };
  const port = await freePort();
  const settings = { port: String(port), bind: "127.0.0.1", dir: folder, save: "", appendonly: "no" };
  const child = spawn(
    "redis-server",
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { signal, killSignal: "SIGKILL", stdio: ["ignore", "pipe", "ignore"] },
  );
  const ended = new Promise<"ended">((resolve) => {
    child.once("close", () => resolve("ended"));
    child.once("error", () => resolve("ended"));
  });
  const ready = new Promise<"ready">((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.includes("Ready to accept connections")) resolve("ready");
    });
  });
  if ((await Promise.race([ready, ended])) === "ended") return undefined;
  return {
    url: `redis://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
