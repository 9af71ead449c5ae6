import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isUnchanged } from "../entity-tags.ts";
import { pathOf } from "../faces.ts";

/** Where the addresses of the console's pages begin. */
export const pagesPrefix = "/console/";

/** Where in the page's head the base is put. */
const headTag = /<head[^>]*>/i;

/**
 * The console's only page, made ready for an address below `/console/`. Its links are relative to the console, so its
 * base must say how far up that is. An address that is relative itself is right under any prefix that a proxy adds.
 */
export function pageAt(html: string, url: string): string {
  const below = pathOf(url).slice(pagesPrefix.length);
  const up = "../".repeat(below.split("/").length - 1);
  return html.replace(headTag, (head) => `${head}<base href="${up === "" ? "./" : up}">`);
}

/** Whether a text is a page that a base can be put into. */
export function hasHead(html: string): boolean {
  return headTag.test(html);
}

/** Answers the page, or 304 to a browser that has it. It is asked for anew each time: it names the files of this version. */
export function sendPage(request: FastifyRequest, reply: FastifyReply, html: string): FastifyReply {
  const body = pageAt(html, request.raw.url ?? "");
  const tag = `"${hash("sha1", body, "base64url")}"`;
  reply.header("cache-control", "no-cache").header("etag", tag);
  if (isUnchanged(request.headers["if-none-match"], tag)) return reply.code(304).send();
  return reply.type("text/html; charset=utf-8").send(body);
}

/** What is shown where the page's files are missing, which only happens in a checkout. */
export const notBuiltPage = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Task Center</title></head>
  <body>
    <h1>The console is not built</h1>
    <p>Its files are missing. In the checkout run <code>npm run build:web</code>, and start the server again.</p>
  </body>
</html>
`;
