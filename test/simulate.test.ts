import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { freePort } from "../scripts/free-ports.ts";
import { describeFailure } from "../src/cli/failure.ts";
import { simulateCommand } from "../src/cli/simulate.ts";
import { addUser } from "./identities.ts";
import { type CliEnd, runCli, startCli } from "./start-cli.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

let server: TestServer;
before(async () => {
  server = await startServerThatKeeps();
});
after(() => server.close());

const minuteMs = 60_000;
const tasksPath = `/v1/${projectId}/tasks`;

// A Wednesday: what is simulated follows from its start, so it is the same whenever the tests run.
const start = "2026-03-04T12:00:00.000Z";

/** A server that takes tasks of that time, however long ago it will be. */
function startServerThatKeeps(): Promise<TestServer> {
  return startServer({ flags: { retention: "36500d" } });
}

/** So long after that start, as `--start` takes it. */
function later(ms: number): string {
  return new Date(Date.parse(start) + ms).toISOString();
}

function simulate(on: TestServer, args: readonly string[]): Promise<CliEnd> {
  return runCli(on, ["simulate", ...args]);
}

async function total(on: TestServer, query: string): Promise<number> {
  return (await on.call(`${tasksPath}?limit=1&${query}`)).json.total;
}

/** What the server has of all its tasks but what it says of its own time: when it heard of them, and their leases. */
async function everythingOn(on: TestServer): Promise<readonly unknown[]> {
  const { stdout } = await runCli(on, ["export"]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { task, history } = JSON.parse(line);
      const { stale: _, lease_expires_at: __, ...told } = task;
      const lines = history.map(({ at: ___, ...rest }: Record<string, unknown>) => rest);
      return { task: told, history: lines };
    });
}

describe("a simulation", () => {
  test("fills the past, says one line of it when piped, and leaves nothing refused", async () => {
    const end = await simulate(server, ["--start", start, "--history", "3d", "--duration", "1m"]);
    assert.equal(end.code, 0, end.stderr);
    const [, all, succeeded, failed, canceled, left] =
      /^simulated (\d+) tasks: (\d+) succeeded, (\d+) failed, (\d+) canceled, (\d+) left unfinished\n$/.exec(
        end.stdout,
      ) ?? [];
    assert.equal(await total(server, "label.fleet=simulated-1"), Number(all));
    assert.equal(await total(server, "state=succeeded"), Number(succeeded));
    assert.equal(await total(server, "state=failed"), Number(failed));
    assert.equal(await total(server, "state=canceled"), Number(canceled));
    assert.equal(await total(server, "state=running&state=pending"), Number(left));
    assert.ok(Number(all) > 150 && Number(succeeded) > 100 && Number(failed) > 5 && Number(left) > 10);
    assert.equal(
      end.stderr,
      "The fleet of seed 1 lives.\n" +
        `What is left goes on with: taskcenter simulate --start ${start} --history 72h\n`,
    );
    for (const service of ["ddm", "rds", "geminidb"])
      assert.ok((await total(server, `service=${service}`)) > 30);
  });

  test("that is made again changes nothing, and goes on where it was", async () => {
    const own = await startServerThatKeeps();
    try {
      const args = ["--seed", "5", "--start", start, "--history", "6h", "--instances", "12"];
      const first = await simulate(own, [...args, "--duration", "2m"]);
      const before = await everythingOn(own);
      const again = await simulate(own, [...args, "--duration", "2m"]);
      assert.deepEqual(again, first);
      assert.deepEqual(await everythingOn(own), before);

      const further = await simulate(own, [...args, "--duration", "8m"]);
      assert.equal(further.code, 0, further.stderr);
      const whole = await everythingOn(own);
      assert.ok(whole.length > before.length);

      // Told in one go or in two, it is the same to the letter: on another server too.
      const other = await startServerThatKeeps();
      try {
        assert.deepEqual(await simulate(other, [...args, "--duration", "8m"]), further);
        assert.deepEqual(await everythingOn(other), whole);
      } finally {
        await other.close();
      }
    } finally {
      await own.close();
    }
  });

  test("of another seed, or of the same one from another time on, clashes with none before it", async () => {
    const own = await startServerThatKeeps();
    try {
      const small = ["--history", "1d", "--duration", "1m", "--instances", "20"];
      const counts: number[] = [];
      for (const args of [
        ["--seed", "1", "--start", start, ...small],
        ["--seed", "2", "--start", start, ...small],
        ["--seed", "1", "--start", later(88 * minuteMs), ...small],
      ]) {
        const end = await simulate(own, args);
        assert.equal(end.code, 0, end.stderr);
        counts.push(await total(own, `label.fleet=simulated-${args[1]}`));
      }
      const [first = 0, second = 0, third = 0] = counts;
      assert.ok(first > 60 && second > 60);
      assert.ok(third > first);
      // The nights that the first had filled are not filled twice: only the time since then.
      const { json: nightly } = await own.call(
        `${tasksPath}?label.fleet=simulated-1&label.trigger=schedule&limit=500`,
      );
      const nights = nightly.tasks
        .filter(({ attempt }: { readonly attempt: number }) => attempt === 1)
        .map(
          ({
            instance,
            created_at,
          }: {
            readonly instance: { readonly id: string };
            readonly created_at: string;
          }) => [instance.id, created_at.slice(0, 10)].join(" "),
        );
      assert.ok(nights.length > 5);
      assert.equal(new Set(nights).size, nights.length);
      // What the first had left running was brought to its end.
      const { json } = await own.call(`${tasksPath}/${await oldestLeft(own)}/history`);
      assert.equal(json.history.at(-1).message, "Found done when its producer came back.");
    } finally {
      await own.close();
    }
  });

  test("at high speed begins tasks and brings them to their end within seconds", async () => {
    const own = await startServer();
    try {
      const end = await simulate(own, [
        ...["--no-history", "--services", "ddm", "--only", "migrateLogicDb", "loadMetadata"],
        ...["--speed", "600", "--rate", "2", "--duration", "4s"],
      ]);
      assert.equal(end.code, 0, end.stderr);
      const { json } = await own.call(`${tasksPath}?limit=500`);
      const names = new Set(json.tasks.map(({ name }: { readonly name: string }) => name));
      assert.ok(names.has("migrateLogicDb") && names.has("loadMetadata"));
      for (const name of names) {
        assert.ok(["migrateLogicDb", "retryMigrateLogicDb", "loadMetadata"].includes(String(name)));
      }
      assert.ok((await total(own, "state=succeeded")) > 5);
      const { jobs } = (
        await own.call(
          `/ddm/v3/${projectId}/jobs?start_time=${own.nowMs() - minuteMs}&end_time=${own.nowMs()}&limit=128`,
        )
      ).json;
      assert.ok(jobs.some(({ status }: { readonly status: string }) => status === "Expanding"));
    } finally {
      await own.close();
    }
  });

  test("goes on until Ctrl-C, and dies of it when it has said what is left", async () => {
    const own = await startServer();
    try {
      const child = startCli(own, ["simulate", "--history", "1h", "--seed", "9"]);
      const said = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
      await until(async () => (await total(own, "label.fleet=simulated-9")) > 20);
      child.kill("SIGINT");
      const [stdout, stderr, [code, signal]] = await said;
      assert.deepEqual([code, signal], [null, "SIGINT"]);
      assert.match(stdout, /^simulated \d+ tasks: .* [1-9]\d* left unfinished\n$/);
      assert.match(
        stderr,
        // It may be recording its past yet.
        /^(The fleet of seed 9 lives; Ctrl-C ends it\.\n)?What is left goes on with: taskcenter simulate --seed 9 --start \S+Z --history 1h\n$/,
      );
    } finally {
      await own.close();
    }
  });

  test("waits for a server that goes away, and tells it then what happened meanwhile", async () => {
    const directory = mkdtempSync(join(tmpdir(), "taskcenter-simulate-"));
    // While it is away nobody else is given its port.
    const listen = `127.0.0.1:${await freePort()}`;
    let running = await startServer({ directory, flags: { listen } });
    try {
      const child = startCli(running, ["simulate", "--no-history", "--rate", "60", "--speed", "20"]);
      const ended = Promise.all([text(child.stdout), once(child, "close")]);
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (chunk) => (stderr += chunk));
      const told = (words: string) => until(async () => stderr.includes(words));
      await until(async () => (await total(running, "")) > 5);
      await told("The fleet of seed 1 lives; Ctrl-C ends it.\n");
      await running.stop();
      await told("cannot reach");
      running = await startServer({ directory, flags: { listen } });
      const before = await total(running, "");
      await told("the server is back");
      await until(async () => (await total(running, "")) > before + 20);
      child.kill("SIGTERM");
      const [stdout] = await ended;
      const [, away, back, left] = stderr.split("\n");
      assert.match(away ?? "", /^taskcenter: cannot reach http:\S+: .*; going on when that has passed$/);
      assert.equal(back, "taskcenter: the server is back, and is told what happened meanwhile");
      assert.match(left ?? "", /^What is left goes on with: /);
      assert.match(stdout, /^simulated \d+ tasks: /);
      // Nothing of the time in between is missing: at that rate no two tasks are far apart.
      const { json } = await running.call(`${tasksPath}?limit=500&sort=created_at`);
      const times = json.tasks.map(({ created_at }: { readonly created_at: string }) =>
        Date.parse(created_at),
      );
      const gaps = times.slice(1).map((timeMs: number, index: number) => timeMs - times[index]);
      assert.ok(Math.max(...gaps) <= 100, `${Math.max(...gaps)} ms`);
    } finally {
      await running.close();
    }
  });

  test("whose past is longer than the server keeps tasks says so, and reports the rest", async () => {
    const own = await startServer({ flags: { retention: "1d" } });
    try {
      const recently = new Date(own.nowMs() - 2 * minuteMs).toISOString();
      const end = await simulate(own, ["--start", recently, "--history", "3d", "--duration", "1m"]);
      assert.equal(end.code, 1);
      assert.match(
        end.stderr,
        /taskcenter: lines that were refused: \d+; the first: .*older tasks are not kept/,
      );
      const all = Number(/^simulated (\d+) tasks/.exec(end.stdout)?.[1]);
      assert.equal(await total(own, ""), all);
      assert.ok(all > 50);
    } finally {
      await own.close();
    }
  });
});

describe("no simulation", () => {
  test("is made by whoever may only read, nor where there is no server", async () => {
    const reader = await addUser(server, "sim-reader", { project: ["reader"] });
    const env = { OS_USERNAME: reader.name, OS_PASSWORD: reader.password };
    const refused = await runCli(server, ["simulate", "--seed", "77", "--duration", "5s"], { env });
    assert.equal(refused.code, 77);
    assert.match(refused.stderr, /^taskcenter: not allowed: [^\n]+\n$/);
    assert.equal(refused.stdout, "");
    assert.equal(await total(server, "label.fleet=simulated-77"), 0);

    const address = `http://127.0.0.1:1/v1/${projectId}`;
    const nowhere = { OS_CLIENT_CONFIG_FILE: "", TASKCENTER_URL: address, TASKCENTER_TOKEN: "t" };
    const away = await runCli(server, ["simulate", "--duration", "5s"], { env: nowhere });
    assert.equal(away.code, 69);
    assert.match(away.stderr, /^taskcenter: cannot reach http:\/\/127\.0\.0\.1:1: /);
  });

  test("needs a role beyond that of a reporter", async () => {
    const reporter = await addUser(server, "sim-reporter", { project: ["reporter"] });
    const env = { OS_USERNAME: reporter.name, OS_PASSWORD: reporter.password };
    const options = ["--seed", "78", "--no-history", "--start", start, "--duration", "2m", "--rate", "10"];
    const end = await runCli(server, ["simulate", ...options], { env });
    assert.equal(end.code, 0, end.stderr);
    assert.ok((await total(server, "label.fleet=simulated-78")) > 3);
  });

  test("is begun with options that are out of bounds or contradict each other", async () => {
    const cases: readonly (readonly [args: readonly string[], said: RegExp])[] = [
      [["--seed", "4294967296"], /whole number from 0 to 4294967295/],
      [["--seed", "-1"], /whole number from 0 to 4294967295/],
      [["--rate", "0"], /number from 0\.1 to 600/],
      [["--speed", "0.5"], /number from 1 to 1000/],
      [["--rate", "600", "--speed", "1000"], /at most 6000 tasks a minute/],
      [["--history", "91d"], /from 1h to 90d/],
      [["--history", "5m"], /from 1h to 90d/],
      [["--instances", "2"], /whole number from 3 to 500/],
      [["--services", "dds"], /Allowed choices are ddm, rds, geminidb/],
      [["--only", "Backup"], /nothing is called Backup; there are .*BackupInstance/],
      [["--services", "rds", "--only", "migrateLogicDb"], /nothing is called migrateLogicDb/],
      [["--start", "2999-01-01T00:00:00Z"], /--start must not lie ahead/],
      [["--start", "yesterday"], /RFC 3339/],
      [["--duration", "0s"], /from 1s to 24d/],
      [["--instances", "3", "--only", "BackupDbSqlserverInInstance"], /give more --instances/],
    ];
    for (const [args, said] of cases) {
      let written = "";
      const command = simulateCommand()
        .exitOverride()
        .configureOutput({ writeErr: (line) => (written += line) });
      const failure = await command.parseAsync(args, { from: "user" }).then(
        () => assert.fail(`accepted: ${args.join(" ")}`),
        (error: unknown) => describeFailure(error),
      );
      assert.equal(failure.exitCode, 2, args.join(" "));
      assert.match(failure.message ?? written, said);
    }
    const { code, stdout, stderr } = await simulate(server, ["--only", "Backup"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^taskcenter: --only: nothing is called Backup; there are [^\n]+\n$/);
  });

  test("is left without help: it has examples", () => {
    let help = "";
    simulateCommand()
      .configureOutput({ writeOut: (written) => (help += written) })
      .outputHelp();
    assert.match(help, /Examples:\n {2}\$ taskcenter simulate\n/);
    assert.match(help, /--seed <NUMBER>/);
  });
});

/** The id of the task that was left running longest and that its producer came back for. */
async function oldestLeft(on: TestServer): Promise<string> {
  const { json } = await on.call(
    `${tasksPath}?label.fleet=simulated-1&state=succeeded&limit=500&sort=-created_at`,
  );
  for (const { id } of json.tasks) {
    const { json: told } = await on.call(`${tasksPath}/${id}/history`);
    if (told.history.at(-1).message.startsWith("Found done")) return id;
  }
  throw new Error("none was left");
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 400; look += 1) {
    if (await holds()) return;
    await elapse(50);
  }
  throw new Error("it did not come to hold in time");
}
