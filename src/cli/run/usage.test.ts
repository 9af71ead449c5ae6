import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { runCommand } from "../run.ts";

const directory = mkdtempSync(join(tmpdir(), "taskcenter-test-"));
after(() => rmSync(directory, { recursive: true }));

/** What commander says to a command line, in this process: nothing is to be run. */
async function refusalOf(...args: readonly string[]): Promise<string> {
  let said = "";
  const command = runCommand()
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        said += text;
      },
    });
  await assert.rejects(command.parseAsync(args, { from: "user" }), { name: "CommanderError" });
  return said;
}

const task = ["--service", "rds", "--name", "BackupInstance", "--instance", "db1"];
const wrong: Readonly<Record<string, readonly [flags: readonly string[], said: RegExp]>> = {
  "an unknown service": [["--service", "oracle"], /Allowed choices are ddm, rds, geminidb/],
  "a pattern that is none": [["--progress", "(\\d"], /Invalid regular expression: \/\(\\d\//],
  "a pattern without a group": [["--progress", "done"], /Put a group around the number/],
  "a lease that is too short": [["--lease", "4"], /from 5 to 86400/],
  "a lease that is too long": [["--lease", "86401"], /from 5 to 86400/],
  "an instance without an id": [["--instance", "=name"], /Give ID or ID=NAME/],
  "an unknown option": [["--colour"], /unknown option/],
};
for (const [what, [flags, said]] of Object.entries(wrong)) {
  test(`${what} is refused before anything runs`, async () => {
    const trace = join(directory, "ran");
    assert.match(await refusalOf(...task, ...flags, "--", "touch", trace), said);
    assert.equal(existsSync(trace), false);
  });
}

test("a task without service, name or instance is refused, and so is no command", async () => {
  assert.match(await refusalOf("--", "true"), /required option '--service/);
  assert.match(await refusalOf(...task.slice(0, 2), "--", "true"), /required option '--name/);
  assert.match(await refusalOf(...task.slice(0, 4), "--", "true"), /required option '--instance/);
  assert.match(await refusalOf(...task, "--"), /missing required argument 'COMMAND'/);
});
