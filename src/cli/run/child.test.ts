import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { type Child, startChild } from "./child.ts";

const directory = mkdtempSync(join(tmpdir(), "taskcenter-test-"));
const plainFile = join(directory, "plain-file");
writeFileSync(plainFile, "text");
after(() => rmSync(directory, { recursive: true }));

const start = (...command: [string, ...string[]]): Child => startChild(command, process.env);

async function outputOf({
  stdout,
  stderr,
}: Child): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const [out, err] = await Promise.all([stdout.source.toArray(), stderr.source.toArray()]);
  return { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

test("a command ends with its exit code, and its output with it", async () => {
  const child = start("sh", "-c", "echo out; echo err >&2; exit 3");
  assert.deepEqual(await outputOf(child), { stdout: "out\n", stderr: "err\n" });
  assert.deepEqual(await child.ended, { kind: "exited", code: 3 });
});

test("a command that is killed ends with its signal", async () => {
  const child = start("sleep", "60");
  child.kill("SIGKILL");
  assert.deepEqual(await child.ended, { kind: "killed", signal: "SIGKILL" });
  assert.deepEqual(await outputOf(child), { stdout: "", stderr: "" });
});

const notStarted: readonly (readonly [program: string, errno: string])[] = [
  ["no-such-command-anywhere", "ENOENT"],
  ["./no-such-command", "ENOENT"],
  ["", "ENOENT"],
  [plainFile, "EACCES"],
  [directory, "EACCES"],
  [join(plainFile, "x"), "ENOTDIR"],
  ["x".repeat(300), "ENAMETOOLONG"],
];

for (const [program, errno] of notStarted) {
  test(`a command that cannot be started ends with the reason, and without output: ${errno}`, async () => {
    const child = start(program);
    assert.equal(child.pid, undefined);
    assert.deepEqual(await child.ended, { kind: "not-started", program, errno });
    assert.deepEqual(await outputOf(child), { stdout: "", stderr: "" });
    child.kill("SIGTERM");
  });
}
