import { readFileSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { TaskCenterError } from "../../task/error.ts";
import { pathOf } from "../faces.ts";
import { hasHead, notBuiltPage, pagesPrefix, sendPage } from "./page.ts";

/** A year: names of assets tell their content, so what lies under one never changes. */
const assetsMaxAge = "365d";

/** What lies under the console and is no page, whatever else is there. */
const noPages = /^(?:api|assets|session)(?:\/|$)/;

/**
 * The console's files: its assets, and its one page under every other address, since the page itself reads its address.
 * They are public: they show nothing until somebody is signed in.
 */
export async function registerConsoleFiles(app: FastifyInstance, webDirectory: string): Promise<void> {
  const html = readPage(webDirectory);
  const schema = { hide: true };

  app.get("/console", { schema }, async (request, reply) => {
    const url = request.raw.url ?? "";
    return reply.redirect(`console/${url.slice(pathOf(url).length)}`, 302);
  });

  app.get(`${pagesPrefix}*`, { schema }, async (request, reply) => {
    const { url = "" } = request.raw;
    if (noPages.test(pathOf(url).slice(pagesPrefix.length))) {
      throw new TaskCenterError("route-not-found", "There is nothing at this address.");
    }
    if (html !== undefined) return sendPage(request, reply, html);
    return reply
      .code(503)
      .header("cache-control", "no-store")
      .type("text/html; charset=utf-8")
      .send(notBuiltPage);
  });

  if (html === undefined) return;
  await app.register(fastifyStatic, {
    root: join(webDirectory, "assets"),
    prefix: `${pagesPrefix}assets/`,
    decorateReply: false,
    dotfiles: "ignore",
    index: false,
    immutable: true,
    maxAge: assetsMaxAge,
    preCompressed: true,
  });
}

/** The page as it was built; undefined where it was not. It does not change while the server runs. */
function readPage(webDirectory: string): string | undefined {
  let html: string;
  try {
    html = readFileSync(join(webDirectory, "index.html"), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  if (!hasHead(html)) throw new Error(`${join(webDirectory, "index.html")} has no head`);
  return html;
}
