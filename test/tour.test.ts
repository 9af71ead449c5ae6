import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const tour = fileURLToPath(new URL("../scripts/tour.ts", import.meta.url));

test("the tour does the main job on real input, shows it, and leaves the server up until it is told to end", async (t) => {
  const child = spawn(process.execPath, [tour], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGTERM"));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lines: string[] = [];
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (line.startsWith("That was the tour.")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the tour ended with ${code}: ${errors}`)));
  });

  const text = lines.join("\n");
  const url = /listening on (\S+),/.exec(text)?.[1];
  assert.equal((await fetch(`${url}/livez`)).status, 200);

  // The backup was seen from outside while it ran, more than once.
  const seen = [...text.matchAll(/seen from outside: Running (\d+)%/g)].map(([, percent]) => Number(percent));
  assert.ok(seen.length >= 2, text);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.match(text, /^copied \d+ of \d+ pages, 100%$/m);

  // The failed command kept its exit code; its task says why.
  assert.match(text, /the command's exit code: 3/);
  assert.match(text, /"fail_reason": "exit status 3: [^"]*nothing was restored/);

  // Every service's words, each behind the curl line that asked for them.
  for (const [request, answer] of [
    [/curl .*\/rds\/v3\/\S+\/tasklist/, /"actions": \["BackupInstance", "RestoreInstance"\]/],
    [/curl .*\/ddm\/v3\/\S+\/jobs\?start_time=/, /"process": "40%"/],
    [/curl .*\/ddm\/v3\/\S+\/jobs\/[0-9a-f-]+'/, /"job": \{/],
    [/curl .*\/geminidb\/v3\/\S+\/jobs\?name=CreateInstance/, /"progress": "14%"/],
  ] as const) {
    assert.match(text, request);
    assert.match(text, answer);
  }
  assert.doesNotMatch(text, /X-Auth-Token: |"password"/i);

  child.kill("SIGINT");
  assert.equal(await ended, 0, errors);
  await assert.rejects(fetch(`${url}/livez`));
});
