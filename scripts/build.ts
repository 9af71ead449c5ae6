import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Compiles the sources into `dist/`, which is what the package holds: Node runs TypeScript only outside
 * `node_modules`. What the program reads at run time is copied beside its code.
 */
const root = fileURLToPath(new URL("..", import.meta.url));

// What browsers are sent lies there too, and has a build of its own: scripts/build-web.ts.
const ofOthers = ["web", "docs", ".web-built"];
for (const name of existsSync(`${root}dist`) ? readdirSync(`${root}dist`) : []) {
  if (!ofOthers.includes(name)) rmSync(`${root}dist/${name}`, { recursive: true });
}
const compiler = `${root}node_modules/typescript/bin/tsc`;
const compiled = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (compiled.status !== 0) process.exit(1);
for (const file of globSync("src/**/*.{sql,bash,zsh,fish}", { cwd: root })) {
  cpSync(`${root}${file}`, `${root}${file.replace(/^src/, "dist")}`);
}
