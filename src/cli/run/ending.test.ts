import assert from "node:assert/strict";
import test from "node:test";
import { describeEnding, type Ending, exitCodeOf, succeeded } from "./ending.ts";

const endings: readonly (readonly [Ending, exitCode: number, words: string])[] = [
  [{ kind: "exited", code: 0 }, 0, "exit status 0"],
  [{ kind: "exited", code: 3 }, 3, "exit status 3"],
  [{ kind: "exited", code: 255 }, 255, "exit status 255"],
  [{ kind: "killed", signal: "SIGKILL" }, 137, "killed by SIGKILL"],
  [{ kind: "killed", signal: "SIGTERM" }, 143, "killed by SIGTERM"],
  [{ kind: "not-started", program: "pg_dmp", errno: "ENOENT" }, 127, "command not found: pg_dmp"],
  [{ kind: "not-started", program: "./x", errno: "EACCES" }, 126, "command not executable: ./x (EACCES)"],
  [{ kind: "output-lost" }, 74, "output lost"],
];

for (const [ending, exitCode, words] of endings) {
  test(`${words} is exit code ${exitCode}`, () => {
    assert.equal(exitCodeOf(ending), exitCode);
    assert.equal(describeEnding(ending), words);
    assert.equal(succeeded(ending), exitCode === 0);
  });
}
