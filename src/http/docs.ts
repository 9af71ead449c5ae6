import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { rootPlaceholder } from "./docs-root.ts";
import { pathOf } from "./faces.ts";
import { pageHeaders } from "./page-headers.ts";

const headers = pageHeaders({ base: "'none'" });

/** A page of the documentation: `reference/errors`, `operations/`, or its start. */
const pageName = /^(?:[a-z0-9-]+\/)*(?:[a-z0-9-]+)?$/;
/**
 * A file that pages are made of. A name of an asset tells its content, so what lies under one never changes. There is one
 * way only in which a text can be such a name: with more, a stranger's address could keep the server busy for ever.
 */
const assetName = /^assets\/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const pictureName = /^(?:[a-z0-9-]+\/)+[a-z0-9-]+\.png$/;
/** Addresses that are promised elsewhere, and the pages that they mean. */
const otherNames: Readonly<Record<string, string>> = { errors: "reference/errors" };

const forEver = "public, max-age=31536000, immutable";
/** Asked for anew each time, and answered with 304 as long as it is the same. */
const asked = "no-cache";

/**
 * The documentation under `/docs/`, as `scripts/build-docs.ts` made it: files, at addresses without an ending. Nobody has
 * to show who they are: it is the same for everybody, and says nothing of this server but its version.
 */
export async function registerDocs(
  app: FastifyInstance,
  { docsDirectory }: { readonly docsDirectory: string },
): Promise<void> {
  // A scope of its own: what sends files is for these routes alone.
  await app.register(async (scope) => {
    await scope.register(fastifyStatic, {
      root: resolve(docsDirectory),
      serve: false,
      suppressWarning: true,
      cacheControl: false,
      preCompressed: true,
      index: false,
      dotfiles: "ignore",
    });
    scope.addHook("onRequest", async (_request, reply) => {
      reply.headers(headers);
    });
    const schema = { hide: true };
    scope.get("/docs", { schema }, async (_request, reply) => reply.redirect("docs/", 302));
    scope.get<{ Params: { "*": string } }>("/docs/*", { schema }, (request, reply) =>
      answerName({ name: request.params["*"], request, reply, docsDirectory }),
    );
  });
}

interface Asked {
  readonly name: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly docsDirectory: string;
}

async function answerName(given: Asked): Promise<FastifyReply> {
  const { name, reply, docsDirectory } = given;
  const isThere = (file: string): Promise<boolean> => isFile(join(docsDirectory, file));
  const isAsset = assetName.test(name);
  if (isAsset || pictureName.test(name)) {
    if (!(await isThere(name))) return answerNotFound(given);
    return reply.header("cache-control", isAsset ? forEver : asked).sendFile(name);
  }
  if (!pageName.test(name)) return answerNotFound(given);
  const otherName = Object.hasOwn(otherNames, name) ? otherNames[name] : undefined;
  if (otherName !== undefined) return reply.redirect(otherName, 302);
  const last = name.split("/").at(-1);
  const file = last === "" ? `${name}index.html` : `${name}.html`;
  if (await isThere(file)) return reply.header("cache-control", asked).sendFile(file);
  // One address for each page: links are relative to it. Somebody typed a slash too many, or left one out.
  if (last === "" && (await isThere(`${name.slice(0, -1)}.html`))) {
    return reply.redirect(`../${name.split("/").at(-2)}`, 302);
  }
  if (last !== "" && (await isThere(`${name}/index.html`))) return reply.redirect(`${last}/`, 302);
  return answerNotFound(given);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** From deeper down the page is not shown, but said: each of its links would be nearly as long as the address. */
const deepest = 20;

async function answerNotFound({ name, request, reply, docsDirectory }: Asked): Promise<FastifyReply> {
  reply.header("cache-control", "no-store");
  const page = await readFile(join(docsDirectory, "_not-found.html"), "utf8").catch(() => undefined);
  // As the browser sees the address: what is escaped in it is no slash.
  const depth =
    pathOf(request.raw.url ?? "")
      .slice("/docs/".length)
      .split("/").length - 1;
  if (page !== undefined && depth <= deepest) {
    const root = "../".repeat(depth) || "./";
    return reply.code(404).type("text/html; charset=utf-8").send(page.replaceAll(rootPlaceholder, root));
  }
  const text = reply.type("text/plain; charset=utf-8");
  // What can be no name is not there either once everything is built.
  if (page !== undefined || !pageName.test(name)) return text.code(404).send("There is no such page.\n");
  return text.code(503).send("The documentation is not built. In the checkout run: npm run build:web\n");
}
