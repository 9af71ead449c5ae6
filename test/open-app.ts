import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type App, type AppDeps, createApp } from "../src/http/app.ts";
import type { OpenIdentity } from "./open-identity.ts";

/** An app over a test's own identity that ends with the test; what the test does not say of it is as it is said here. */
export async function openApp(
  context: TestContext,
  given: Pick<OpenIdentity, "identity" | "administration" | "tasks" | "nowMs"> & Partial<AppDeps>,
): Promise<App> {
  const app = await createApp({
    ping: async () => undefined,
    clock: given.nowMs,
    retentionMs: 400 * 24 * 60 * 60 * 1000,
    publicUrl: () => "http://tasks.example.com",
    region: "eu-de",
    utcOffsetMinutes: 0,
    version: "0.0.0",
    webDirectory: "not-built",
    docsDirectory: "not-built",
    listenerService: undefined,
    logger: false,
    ...given,
  });
  context.after(() => {
    // A test may leave an answer that it has read in part.
    app.server.closeAllConnections();
    return app.close();
  });
  return app;
}

/** Lets an app listen on any free port of this machine's own, and answers the port. */
export async function listenLocally(app: App): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return (app.server.address() as AddressInfo).port;
}
