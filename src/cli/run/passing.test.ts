import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { node, openRunSite, type RunSite, shell, until } from "../../../test/start-run.ts";

let site: RunSite;
before(async () => {
  site = await openRunSite();
});
after(() => site.close());

describe("what passes through", { concurrency: 3 }, () => {
  test("some megabytes of bytes come out as they went in", async () => {
    const bytes = randomBytes(5_000_000);
    const { code, stdout, stderr } = await site.start(["cat"], { stdin: bytes }).ended;
    assert.ok(stdout.equals(bytes));
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  test("stdout and stderr stay apart, each in its order", async () => {
    const { stdout, stderr } = await site.start(
      node("for (let i = 1; i <= 20000; i++) { console.log(i); console.error(-i); }"),
    ).ended;
    const numbers = Array.from({ length: 20_000 }, (_, index) => index + 1);
    assert.ok(stdout.toString() === numbers.map((number) => `${number}\n`).join(""));
    assert.ok(stderr === numbers.map((number) => `-${number}\n`).join(""));
  });

  test("output comes at once, also half a line", async () => {
    const run = site.start(shell("printf 'Name? '; read -r name; echo $name; kill -USR1 $$"));
    await run.printed("Name? ");
    assert.equal((await run.ended).code, 128 + 10);
  });

  test("the command sees pipes that can be opened once more by name", async () => {
    const run = site.start(
      shell("echo out > /dev/stdout; echo err > /dev/stderr; test -p /dev/stdout && echo pipe"),
    );
    const { stdout, stderr } = await run.ended;
    assert.equal(stdout.toString(), "out\npipe\n");
    assert.equal(stderr, "err\n");
  });

  test("whoever shares our stdout finds it as it was", async () => {
    const { stdout } = await site.start(shell("grep flags: /proc/$PPID/fdinfo/1")).ended;
    const flags = Number.parseInt(stdout.toString().replace("flags:", ""), 8);
    assert.equal(flags & constants.O_NONBLOCK, 0);
  });

  test("where no pipes can be made the command runs all the same", async () => {
    const bytes = randomBytes(300_000);
    const run = site.start(shell("cat; echo failed >&2; exit 3"), {
      stdin: bytes,
      env: { TMPDIR: join(site.directory, "no-such-directory") },
    });
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 3);
    assert.ok(stdout.equals(bytes));
    assert.equal(stderr, "failed\n");
    const missing = site.start(["no-such-command"], {
      env: { TMPDIR: join(site.directory, "no-such-directory") },
    });
    assert.equal((await missing.ended).code, 127);
  });

  test("a command whose reader has gone learns it as without us", async () => {
    const run = site.start(["yes"]);
    await run.printed("y");
    run.process.stdout?.destroy();
    assert.equal((await run.ended).code, 141);
    assert.equal((await run.task()).fail_reason, "killed by SIGPIPE");
  });

  test("output that cannot be written is no success", async () => {
    const full = openSync("/dev/full", "w");
    const run = site.start(shell("echo data; exit 0"), { stdout: full });
    const cut = site.start(["yes"], { stdout: full });
    closeSync(full);
    const loss = /stdout could not be written: ENOSPC: no space left on device/;
    const end = await run.ended;
    assert.equal(end.code, 74);
    assert.match(end.stderr, loss);
    assert.match((await run.task()).fail_reason, new RegExp(`^output lost: ${loss.source}`));
    assert.equal((await cut.ended).code, 141);
    assert.match((await cut.task()).fail_reason, new RegExp(`^killed by SIGPIPE: ${loss.source}`));
  });

  test("a process that the command leaves behind holds up nobody, and loses no output", async () => {
    const go = join(site.directory, "late");
    const wait = `for i in $(seq 200); do [ -e "${go}" ] && break; sleep 0.05; done`;
    const run = site.start(shell(`(${wait}; echo late; echo later >&2) & echo early; exit 4`));
    const exited = new Promise((resolve) => run.process.once("exit", resolve));
    assert.equal(await Promise.race([exited, run.printed("late")]), 4);
    assert.equal((await run.task()).fail_reason, "exit status 4");
    writeFileSync(go, "");
    assert.deepEqual(await run.ended, { code: 4, stdout: Buffer.from("early\nlate\n"), stderr: "later\n" });
  });

  test("a reader that is slow delays neither signals nor reports", async () => {
    const run = site.start(["yes"], { unread: true });
    await until(async () => (await run.task())?.status === "Running");
    run.process.kill("SIGTERM");
    await until(async () => (await run.task()).status === "Failed");
    assert.equal((await run.task()).fail_reason, "killed by SIGTERM");
    run.process.stdout?.resume();
    assert.equal((await run.ended).code, 143);
  });
});

describe("signals", { concurrency: 3 }, () => {
  test("every signal that a command may be sent reaches it, once", async () => {
    const signals = [
      "SIGINT",
      "SIGTERM",
      "SIGHUP",
      "SIGQUIT",
      "SIGUSR1",
      "SIGUSR2",
      "SIGWINCH",
      "SIGCONT",
    ] as const;
    const run = site.start(
      node(`
        for (const signal of ${JSON.stringify(signals)}) process.on(signal, () => console.log(signal));
        process.stdin.resume().on("end", () => setTimeout(() => process.exit(6), 200));
        console.log("up");`),
      { stdin: "open" },
    );
    await run.printed("up\n");
    for (const signal of signals) {
      run.process.kill(signal);
      await run.printed(`${signal}\n`);
    }
    run.process.stdin?.end();
    const { code, stdout } = await run.ended;
    assert.equal(code, 6);
    assert.equal(stdout.toString(), ["up", ...signals, ""].join("\n"));
  });

  test("a command that a signal ends is reported so", async () => {
    const run = site.start(shell("echo up; exec sleep 60"));
    await run.printed("up");
    run.process.kill("SIGTERM");
    assert.deepEqual(await run.ended, { code: 143, stdout: Buffer.from("up\n"), stderr: "" });
    assert.equal((await run.task()).fail_reason, "killed by SIGTERM");
  });

  test("SIGTSTP stops both, and SIGCONT wakes both", async () => {
    const marker = join(site.directory, "stopping");
    const run = site.start(
      node(`
        process.on("SIGTSTP", () => {
          console.log("stopping");
          require("node:fs").writeFileSync(${JSON.stringify(marker)}, "");
        });
        process.on("SIGCONT", () => { console.log("awake"); process.exit(6); });
        setInterval(() => {}, 1000);
        console.log("up");`),
    );
    await run.printed("up");
    run.process.kill("SIGTSTP");
    const state = () => readFileSync(`/proc/${run.process.pid}/stat`, "utf8").replace(/.*\) /s, "")[0];
    // A SIGCONT takes back a SIGTSTP that the command has not seen yet.
    await until(() => state() === "T" && existsSync(marker));
    run.process.kill("SIGCONT");
    const { code, stdout } = await run.ended;
    assert.equal(stdout.toString(), "up\nstopping\nawake\n");
    assert.equal(code, 6);
  });
});
