import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from "fastify";
import { TaskCenterError } from "../../task/error.ts";
import { isConsolePath, isThroughConsole, pathOf } from "../faces.ts";
import { preferredType } from "../media-types.ts";
import { pageHeaders } from "../page-headers.ts";
import { registerConsoleFiles } from "./files.ts";
import { registerConsoleSession } from "./session.ts";

/** The page has a base, which tells how far up the console lies. */
const headers = pageHeaders({ base: "'self'" });

const noTarget = "The console reaches nothing at this address.";

/** What the console needs. */
export type ConsoleDeps = Parameters<typeof registerConsoleSession>[1] & {
  /** Where its files were built to. */
  readonly webDirectory: string;
};

/**
 * The web console: its files, its session, and what every answer to it tells the browser. What its page asks of the task
 * APIs is routed to them by `routedUrl`, and their access check then looks for the session.
 */
export async function registerConsole(app: FastifyInstance, deps: ConsoleDeps): Promise<void> {
  // Every request of every API passes here: without a promise of its own.
  app.addHook("onRequest", (request, reply, done) => {
    const path = pathOf(request.raw.url ?? "");
    if (path === "/") {
      leadBrowser(request, reply, done);
      return;
    }
    const isOwn = isConsolePath(path);
    if (!isOwn && !isThroughConsole(request)) {
      done();
      return;
    }
    reply.headers(headers);
    // What is somebody's is in no memory but the page's own; files say for themselves how long they are good.
    const isApi = path === "/console/api" || path.startsWith("/console/api/");
    if (!isOwn || isApi || path === "/console/session") reply.header("cache-control", "no-store");
    // Every address of a task API has become that API's own by now: what is left is none.
    done(isApi ? new TaskCenterError("route-not-found", noTarget) : undefined);
  });
  registerConsoleSession(app, deps);
  await registerConsoleFiles(app, deps.webDirectory);
}

/**
 * At the root programs find IAM, and people with a browser the console: by an address that is relative, since a proxy may
 * have cut off what stands before it.
 */
function leadBrowser(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  reply.header("vary", "X-Auth-Token, Accept");
  const wantsPage = preferredType(request.headers.accept, ["application/json", "text/html"]) === "text/html";
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (isRead && wantsPage) reply.redirect("console/", 302);
  else done();
}
