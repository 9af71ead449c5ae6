import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildAssets, nameByContent } from "./build-docs/assets.ts";
import { compressFolder } from "./build-docs/compress.ts";
import { notFoundHtml, pageHtml, type Site } from "./build-docs/layout.ts";
import { renderPages } from "./build-docs/markdown.ts";
import { navigationOf } from "./build-docs/navigation.ts";
import { fileOf, readSources } from "./build-docs/pages.ts";
import { searchIndexOf } from "./build-docs/search-index.ts";

/**
 * Makes the documentation in `docs/` a site of static files: HTML, one style, one script, and the index of its search.
 * It loads nothing from elsewhere, and everything on it is addressed relative to its page. What is at `to` is replaced
 * in one step, so that a server beside it never shows half of a build.
 *
 * @throws Error for a link, an anchor or a picture that leads nowhere, and for a page that nobody would find.
 */
export async function buildDocs({ root, to }: { readonly root: string; readonly to: string }): Promise<void> {
  const building = `${to.replace(/\/$/, "")}.building`;
  rmSync(building, { recursive: true, force: true });
  const pages = renderPages(readSources(root), root);
  const index = searchIndexOf(pages);
  const assets = await buildAssets({ root, to: join(building, "assets") });
  const site: Site = {
    version: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version,
    navigation: navigationOf(pages.map(({ source }) => source.address)),
    titles: new Map(pages.map(({ source, title }) => [source.address, title])),
    assets: { ...assets, index: `assets/${nameByContent("search.json", index)}` },
  };
  write(join(building, site.assets.index), index);
  write(join(building, "_not-found.html"), notFoundHtml(site));
  for (const page of pages) write(join(building, fileOf(page.source.address)), pageHtml(page, site));
  for (const image of new Set(pages.flatMap(({ images }) => images))) {
    cpSync(join(root, image), join(building, image.replace(/^docs\//, "")));
  }
  await compressFolder(building);
  rmSync(to, { recursive: true, force: true });
  renameSync(building, to);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  await buildDocs({ root, to: join(root, "dist/docs") });
}
