import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** The script of the small console, long enough that compressed it is shorter. */
export const smallScript = `document.title = ${JSON.stringify("small ".repeat(100))};\n`;
export const smallPage =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><script type="module" src="./assets/app-1a2b3c.js"></script></head><body><div id="app"></div></body></html>';

/** A web console as it is built, but small: so that tests of the server need no build. */
export interface SmallConsole {
  readonly webDirectory: string;
  remove(): void;
}

export function makeSmallConsole(): SmallConsole {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-console-"));
  const webDirectory = join(directory, "web");
  const assets = join(webDirectory, "assets");
  mkdirSync(assets, { recursive: true });
  writeFileSync(join(directory, "beside.txt"), "beside the console's files\n");
  writeFileSync(join(webDirectory, "index.html"), smallPage);
  writeFileSync(join(assets, "app-1a2b3c.js"), smallScript);
  writeFileSync(join(assets, "app-1a2b3c.js.br"), brotliCompressSync(smallScript));
  writeFileSync(join(assets, "app-1a2b3c.js.gz"), gzipSync(smallScript));
  writeFileSync(join(assets, "style-4d5e6f.css"), "body { margin: 0 }\n");
  writeFileSync(join(assets, "icon-7a8b9c.svg"), '<svg xmlns="http://www.w3.org/2000/svg"/>\n');
  writeFileSync(join(assets, "font-0d1e2f.woff2"), "no font\n");
  writeFileSync(join(assets, ".hidden"), "hidden\n");
  return { webDirectory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
