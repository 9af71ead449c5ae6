import { spawnSync } from "node:child_process";
import { cpSync, globSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Compiles the sources into `dist/`, which is what the package holds: Node runs TypeScript only outside
 * `node_modules`. What the program reads at run time is copied beside its code.
 */
const root = fileURLToPath(new URL("..", import.meta.url));

rmSync(`${root}dist`, { recursive: true, force: true });
const compiler = `${root}node_modules/typescript/bin/tsc`;
const compiled = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (compiled.status !== 0) process.exit(1);
for (const file of globSync("src/**/*.sql", { cwd: root })) {
  cpSync(`${root}${file}`, `${root}${file.replace(/^src/, "dist")}`);
}
