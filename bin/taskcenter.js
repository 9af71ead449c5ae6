#!/usr/bin/env node
// The launcher. It is plain JavaScript that old versions of Node understand: under one of those it hands over to the
// Node that the npm package `node` brings; under a new one it runs the program in this very process.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const neededMajor = 26;
const major = Number(process.versions.node.split(".")[0]);

if (major >= neededMajor) {
  const compiled = new URL("../dist/cli/main.js", import.meta.url);
  const sources = new URL("../src/cli/main.ts", import.meta.url);
  // A checkout runs its sources, so that a stale build never answers for them; a package has only the build.
  const { main } = await import((existsSync(sources) ? sources : compiled).href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = bundledNode();
  if (node === undefined) await import("./require-node.js");
  else handOver(node);
}

function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve("node/package.json");
    const path = join(dirname(manifest), "bin", "node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // Signals sent to this process are passed on. What the keyboard sends reaches the whole foreground group, so the
  // child has it already: there this process only stays alive until the child has dealt with it.
  const fromKeyboard = process.stdin.isTTY ? ["SIGINT", "SIGQUIT"] : [];
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR2"]) {
    process.on(signal, () => {
      if (!fromKeyboard.includes(signal)) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`taskcenter: cannot start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
