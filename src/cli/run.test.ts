import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { node, openRunSite, type RunSite, shell, until } from "../../test/start-run.ts";
import { projectId } from "../../test/start-server.ts";

let site: RunSite;
before(async () => {
  site = await openRunSite();
});
after(() => site.close());

describe("the record", { concurrency: 3 }, () => {
  test("a command that succeeds is a completed task", async () => {
    const run = site.start(shell("true"), { flags: ["--database", "orders"] });
    assert.deepEqual(await run.ended, { code: 0, stdout: Buffer.alloc(0), stderr: "" });
    const task = await run.task();
    assert.equal(task.status, "Completed");
    assert.equal(task.progress, 100);
    assert.equal(task.service, "rds");
    assert.equal(task.name, "BackupInstance");
    assert.deepEqual(task.instance, { id: "db1", name: "orders", status: "" });
    assert.equal(task.database_name, "orders");
    assert.deepEqual(Object.keys(task.details).sort(), ["host", "pid", "program"]);
    assert.equal(task.details.program, "sh");
  });

  test("a command that fails is a failed task, with the last it said and without its secrets", async () => {
    const run = site.start(shell('echo "login as $USER_NAME/$DB_SECRET: password=hunter2" >&2; exit 3'), {
      env: { DB_SECRET: "open-sesame", USER_NAME: "app-user" },
    });
    const { code, stderr } = await run.ended;
    assert.equal(code, 3);
    assert.equal(stderr, "login as app-user/open-sesame: password=hunter2\n");
    const task = await run.task();
    assert.equal(task.status, "Failed");
    assert.equal(task.fail_reason, "exit status 3: login as app-user/***: password=***");
  });

  test("a command that a signal kills fails with 128 and the signal", async () => {
    const run = site.start(shell("echo dying >&2; kill -KILL $$"));
    assert.equal((await run.ended).code, 137);
    assert.equal((await run.task()).fail_reason, "killed by SIGKILL: dying");
  });

  test("a command that is not found is a failed task too", async () => {
    const run = site.start(["no-such-command"]);
    const { code, stderr } = await run.ended;
    assert.equal(code, 127);
    assert.equal(stderr, "taskcenter: command not found: no-such-command\n");
    assert.equal((await run.task()).fail_reason, "command not found: no-such-command");
  });

  test("a command that is not executable is a failed task too", async () => {
    const run = site.start([site.directory]);
    const { code, stderr } = await run.ended;
    assert.equal(code, 126);
    assert.equal(stderr, `taskcenter: command not executable: ${site.directory} (EACCES)\n`);
    assert.equal((await run.task()).fail_reason, `command not executable: ${site.directory} (EACCES)`);
  });

  test("progress is seen while the command runs", async () => {
    const go = join(site.directory, "go-on");
    const run = site.start(shell(`echo 12.5%; until [ -e "${go}" ]; do sleep 0.05; done; exit 1`));
    await until(async () => (await run.task())?.progress === 12.5);
    assert.equal((await run.task()).status, "Running");
    writeFileSync(go, "");
    assert.equal((await run.ended).code, 1);
    assert.equal((await run.task()).progress, 12.5);
  });

  test("progress is read where the user says, from both streams", async () => {
    const run = site.start(shell("echo '99%'; printf 'step 3 of 10\\rstep 4 of 10\\n99%%\\n' >&2; exit 1"), {
      flags: ["--progress", "step (?<progress>\\d+) of"],
    });
    await run.ended;
    assert.equal((await run.task()).progress, 4);
  });

  test("a silent command keeps its lease", async () => {
    const go = join(site.directory, "keep-on");
    const run = site.start(shell(`echo up; until [ -e "${go}" ]; do sleep 0.05; done`), {
      flags: ["--lease", "5"],
    });
    await run.printed("up");
    await until(async () => (await run.task())?.lease_expires_at !== undefined);
    const { lease_expires_at: first } = await run.task();
    await until(async () => (await run.task()).lease_expires_at !== first);
    assert.equal((await run.task()).revision, 1);
    writeFileSync(go, "");
    assert.equal((await run.ended).code, 0);
  });

  test("the command knows its task, and otherwise has our environment", async () => {
    const run = site.start(node("console.log(JSON.stringify(process.env))"), { env: { ANY: "thing" } });
    const { stdout } = await run.ended;
    assert.deepEqual(JSON.parse(stdout.toString()), {
      PATH: process.env.PATH,
      HOME: site.directory,
      OS_CLIENT_CONFIG_FILE: site.server.cloudsFile,
      ANY: "thing",
      TASKCENTER_TASK_ID: run.id,
    });
  });

  test("a task that somebody else has ended stays as it is, and the command goes on", async () => {
    const go = join(site.directory, "end");
    const run = site.start(shell(`echo up; until [ -e "${go}" ]; do sleep 0.05; done; exit 5`));
    await until(async () => (await run.task())?.status === "Running");
    await site.server.call(`/v1/${projectId}/tasks/${run.id}`, {
      method: "PATCH",
      body: { status: "Canceled" },
    });
    writeFileSync(go, "");
    const { code, stderr } = await run.ended;
    assert.equal(code, 5);
    assert.match(stderr, /^taskcenter: task run-\d+ takes no more reports from this run: .*Canceled.*\n$/);
    assert.equal((await run.task()).status, "Canceled");
  });

  test("a task that the server no longer knows is one warning, and the command goes on", async () => {
    const go = join(site.directory, "gone");
    const run = site.start(shell(`echo 1%; until [ -e "${go}" ]; do sleep 0.05; done; exit 5`));
    await until(async () => (await run.task())?.progress === 1);
    await site.server.call(`/v1/${projectId}/tasks/${run.id}`, { method: "DELETE" });
    writeFileSync(go, "");
    const { code, stderr } = await run.ended;
    assert.equal(code, 5);
    assert.match(stderr, /^taskcenter: task run-\d+ takes no more reports from this run: .*\n$/);
  });
});

describe("the command line", { concurrency: 3 }, () => {
  test("a refusal ends with 2", async () => {
    assert.equal((await site.start(["true"], { flags: ["--lease", "0"] }).ended).code, 2);
  });

  test("options of the command are its own, also after a second pair of dashes", async () => {
    const { stdout } = await site.start(["printf", "%s;", "--service", "x", "--", "-h"]).ended;
    assert.equal(stdout.toString(), "--service;x;--;-h;");
  });
});
