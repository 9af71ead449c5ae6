import type { TestContext } from "node:test";
import { listenLocally, openApp } from "./open-app.ts";
import { openIdentity } from "./open-identity.ts";

/** A server of a test's own that shows the documentation in a folder; answers its address. */
export async function serveDocs(context: TestContext, docsDirectory: string): Promise<string> {
  const app = await openApp(context, { ...(await openIdentity(context)), docsDirectory });
  return `http://127.0.0.1:${await listenLocally(app)}`;
}
