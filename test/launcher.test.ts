import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../bin", import.meta.url));

/** Makes Node believe that it is another version: the launcher looks at nothing else. */
const asNode20 = [
  "--import",
  `data:text/javascript,${encodeURIComponent(
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } })',
  )}`,
];

function runOld(args: readonly string[]) {
  const child = spawn(process.execPath, [...asNode20, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    written.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    written.stderr += text;
  });
  const ended = new Promise<typeof written & { readonly code: number | null }>((resolve) => {
    child.once("close", (code) => resolve({ ...written, code }));
  });
  return { child, written, ended };
}

/** The launcher alone, without the packages beside it: as after `npm ci --ignore-scripts`. */
function launcherAlone(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-launcher-"));
  t.after(() => rmSync(directory, { recursive: true }));
  cpSync(bin, join(directory, "bin"), { recursive: true });
  return join(directory, "bin");
}

const inOneLine = /^taskcenter: needs Node 26 or newer, this is 20\.19\.0\. [^\n]*npm ci[^\n]*\n$/;

test("under an old Node without the bundled one, a start says in one line what to do", async (t) => {
  const folder = launcherAlone(t);
  for (const args of [
    [join(folder, "taskcenter.js"), "serve"],
    ["--import", join(folder, "require-node.js"), "--eval", "console.log('started')"],
  ]) {
    const { code, stdout, stderr } = await runOld(args).ended;
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, inOneLine);
  }
});

test("under an old Node the bundled one takes over, and its exit code is passed on", async () => {
  const { code, stdout } = await runOld([join(bin, "taskcenter.js"), "--version"]).ended;
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal((await runOld([join(bin, "taskcenter.js"), "nothing"]).ended).code, 2);
});

test("under an old Node a signal reaches the bundled one", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-launcher-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const args = ["serve", "--listen", "127.0.0.1:0", "--data", directory];
  const { child, written, ended } = runOld([join(bin, "taskcenter.js"), ...args]);
  t.after(() => child.kill("SIGKILL"));
  while (!written.stdout.includes("listening on ")) {
    assert.equal(child.exitCode, null, written.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGTERM");
  assert.equal((await ended).code, 0);
});
