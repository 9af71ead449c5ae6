import { globSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Builds what browsers are sent: the console in dist/web/, the documentation in dist/docs/. With `--if-stale` only where
 * a source is newer than the last build, and where it can be done: without the packages for development, which an
 * installation for production leaves out, the server works all the same and shows how its pages are built.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
/** Written when a build is complete. */
const stamp = `${root}dist/.web-built`;
/** What both are made of. */
const sources = [
  "{web,docs,scripts/build-docs}/**/*",
  "src/{task,client}/*.ts",
  "src/http/docs-root.ts",
  "scripts/build-{web,docs}.ts",
  "vite.config.ts",
  "{CHANGELOG,CONTRIBUTING,SECURITY}.md",
  "package-lock.json",
];

const isWanted = !process.argv.includes("--if-stale");
if (isWanted || isStale()) {
  if (isWanted || hasBundler()) await buildAll();
  else console.error("not built: the console and the documentation, which take the packages for development");
}

/** The bundler is loaded only here: mostly there is nothing to build, and nobody waits for it. */
async function buildAll(): Promise<void> {
  const [{ build }, { compressFolder }, { buildDocs }] = await Promise.all([
    import("vite"),
    import("./build-docs/compress.ts"),
    import("./build-docs.ts"),
  ]);
  rmSync(stamp, { force: true });
  await build({ configFile: `${root}vite.config.ts`, logLevel: "warn" });
  await compressFolder(`${root}dist/web`);
  await buildDocs({ root, to: `${root}dist/docs` });
  writeFileSync(stamp, "");
  console.log("built the console, dist/web/, and the documentation, dist/docs/");
}

function hasBundler(): boolean {
  try {
    import.meta.resolve("vite");
    return true;
  } catch {
    return false;
  }
}

function isStale(): boolean {
  try {
    const builtAtMs = statSync(stamp).mtimeMs;
    // A build by hand leaves no compressed copies.
    statSync(`${root}dist/web/index.html.br`);
    return globSync(sources, { cwd: root }).some((file) => statSync(root + file).mtimeMs > builtAtMs);
  } catch {
    return true;
  }
}
