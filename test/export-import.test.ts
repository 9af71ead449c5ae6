import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { answeredTask } from "./answers.ts";
import { addUser } from "./identities.ts";
import { runCli, startCli } from "./start-cli.ts";
import {
  callServer,
  logIn,
  projectId,
  startServer,
  startServerProcess,
  type TestServer,
} from "./start-server.ts";

const startMs = Date.parse("2024-03-01T12:00:00Z");
let nowMs = startMs;
let server: TestServer;
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "taskcenter-export-"));
  server = await startServer({ clock: () => nowMs, flags: { "token-lifetime": "366d" } });
  const path = `/v1/${projectId}/tasks`;
  for (let index = 0; index < 30; index += 1) {
    nowMs = startMs + Math.floor(index / 7) * 1000;
    const id = `task-${(index * 7) % 30}`;
    await server.call(path, {
      body: {
        id,
        service: index % 3 === 0 ? "ddm" : "rds",
        name: index % 5 === 0 ? "Restärt\u2028Instance" : "BackupInstance",
        instance: { id: `in-${index % 4}`, name: "orders" },
        database_name: `db-${index % 2}`,
        labels: { team: index % 2 === 0 ? "payments" : "dba", "2": "b", a: "c" },
        details: { 10: "ten", 1: { nested: [null, 1.5e300, "\u007f"] } },
      },
    });
    await server.call(`${path}/${id}`, {
      method: "PATCH",
      body: { progress: index, message: `at ${index}` },
    });
    const status = ["Completed", "Failed", "Running"][index % 3];
    await server.call(`${path}/${id}`, { method: "PATCH", body: { status, fail_reason: "disk full" } });
  }
  nowMs = startMs + 60_000;
});
after(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string): string => join(directory, name);
const lines = (written: string): readonly string[] => written.split("\n").slice(0, -1);

describe("an export", () => {
  test("holds every task with its history, oldest first, and says nothing else", async () => {
    const { code, stdout, stderr } = await runCli(server, ["export"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const exported = lines(stdout).map((line) => JSON.parse(line));
    const { json } = await server.call(`/v1/${projectId}/tasks?sort=created_at&limit=500`);
    assert.equal(exported.length, 30);
    assert.deepEqual(
      exported.map(({ task }) => task),
      json.tasks,
    );
    for (const { task, history } of exported) {
      const answer = await server.call(`/v1/${projectId}/tasks/${task.id}/history`);
      assert.deepEqual(history, answer.json.history);
    }
  });

  test("holds the tasks of its filter only", async () => {
    const filter = ["--service", "rds", "--state", "running", "--label", "team=dba", "--query", "backup"];
    const { stdout } = await runCli(server, ["export", ...filter]);
    const exported = lines(stdout).map((line) => JSON.parse(line).task);
    assert.ok(exported.length > 0);
    for (const { service, state, labels, name } of exported) {
      assert.deepEqual([service, state, labels.team, name], ["rds", "running", "dba", "BackupInstance"]);
    }
  });

  test("that was broken off anywhere goes on after its last whole line", async () => {
    const path = file("resumed.ndjson");
    await runCli(server, ["export", "--output", path]);
    const whole = readFileSync(path);
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
    for (const length of [
      0,
      5,
      ends[0] ?? 0,
      (ends[6] ?? 0) + 1,
      ends[6] ?? 0,
      whole.length - 1,
      whole.length,
    ]) {
      truncateSync(path, length);
      const { code, stderr } = await runCli(server, ["export", "--output", path, "--resume"]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.ok(readFileSync(path).equals(whole), `after ${length} bytes`);
    }
  });

  test("of more than the server counts in time is written all the same", async (context) => {
    const line = `${JSON.stringify({ task: answeredTask(), history: [] })}\n`;
    const other = createServer((request, response) => {
      if (request.headers.accept === "application/x-ndjson") response.end(line);
      else response.writeHead(422).end('{"type":"x#query-too-broad","status":422}');
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    context.after(() => other.close());
    const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1/${projectId}`;
    const env = { OS_CLIENT_CONFIG_FILE: "", TASKCENTER_URL: address, TASKCENTER_TOKEN: "t" };
    const end = await runCli(server, ["export", "--query", "disk"], { env });
    assert.deepEqual(end, { code: 0, stdout: line, stderr: "" });
  });

  test("that the server refuses, or that does not reach it, leaves an earlier one as it is", async () => {
    const path = file("earlier.ndjson");
    writeFileSync(path, "an earlier export\n");
    const refused = await runCli(server, ["export", "--output", path, "--query", "q".repeat(257)]);
    assert.equal(refused.code, 1);
    const address = `http://127.0.0.1:1/v1/${projectId}`;
    const env = { OS_CLIENT_CONFIG_FILE: "", TASKCENTER_URL: address, TASKCENTER_TOKEN: "t" };
    assert.equal((await runCli(server, ["export", "--output", path], { env })).code, 69);
    assert.equal(readFileSync(path, "utf8"), "an earlier export\n");
  });

  test("resumes no file that is none, and leaves it as it is", async () => {
    const path = file("other.txt");
    for (const written of ["{}\nnot an export\n", "one line", '{"task":{}}\n', '{"name": 1}']) {
      writeFileSync(path, written);
      const { code, stderr } = await runCli(server, ["export", "--output", path, "--resume"]);
      assert.equal(code, 2);
      assert.match(stderr, /is no export/);
      assert.equal(readFileSync(path, "utf8"), written);
    }
    assert.equal((await runCli(server, ["export", "--resume"])).code, 2);
  });
});

describe("an import", () => {
  test("into an empty server, exported again, gives the same bytes; again it changes nothing", async () => {
    const path = file("whole.ndjson");
    await runCli(server, ["export", "--output", path]);
    const other = await startServer({ clock: () => nowMs });
    try {
      const first = await runCli(other, ["import", path]);
      assert.deepEqual(first, { code: 0, stdout: "", stderr: "imported 30, already there 0, refused 0\n" });
      assert.equal((await runCli(other, ["export"])).stdout, readFileSync(path, "utf8"));
      const again = await runCli(other, ["import", "-"], { stdin: readFileSync(path, "utf8") });
      assert.equal(again.stderr, "imported 0, already there 30, refused 0\n");
      assert.equal((await runCli(other, ["export"])).stdout, readFileSync(path, "utf8"));
    } finally {
      await other.close();
    }
  });

  test("into the server that it comes from finds everything there", async () => {
    const { stdout } = await runCli(server, ["export"]);
    const { code, stderr } = await runCli(server, ["import"], { stdin: stdout });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "imported 0, already there 30, refused 0\n" });
  });

  test("tells every refused line with its number and reason, does the others, and fails", async () => {
    const task = { service: "rds", name: "BackupInstance", instance: { id: "in-1" } };
    const input = [
      JSON.stringify({ create: { ...task, id: "mixed" } }),
      "",
      "no JSON",
      JSON.stringify({ create: { ...task, progress: 101 } }),
      JSON.stringify({ report: { id: "mixed", progress: 1 } }),
      JSON.stringify({ create: task }),
    ].join("\n");
    const other = await startServer({ clock: () => nowMs });
    try {
      const { code, stderr } = await runCli(other, ["import"], { stdin: input });
      assert.equal(code, 1);
      assert.deepEqual(stderr.split("\n").sort(), [
        "",
        "imported 2, already there 0, refused 3",
        "line 3: it is no JSON object",
        "line 4: progress: must be at most 100",
        "line 5: it is neither an exported task nor a creation",
      ]);
      await runCli(other, ["import"], { stdin: input });
      assert.equal((await other.call(`/v1/${projectId}/tasks`)).json.total, 2);
    } finally {
      await other.close();
    }
  });

  test("that is not allowed ends at once", async () => {
    const producer = await addUser(server, "producer", { project: ["reporter"] });
    const env = { OS_USERNAME: producer.name, OS_PASSWORD: producer.password };
    const { stdout } = await runCli(server, ["export"]);
    const { code, stderr } = await runCli(server, ["import"], { stdin: stdout, env });
    assert.equal(code, 77);
    assert.equal(stderr, "taskcenter: not allowed: To import tasks takes the role admin in the project.\n");
  });

  test("of what cannot be read, or of a line without end, is an error like any other", async () => {
    const folder = await runCli(server, ["import", directory, "--from-line", "3"]);
    assert.deepEqual(folder, {
      code: 1,
      stdout: "",
      stderr: `taskcenter: ${directory} is a folder\n`,
    });
    for (const [args, told] of [
      [["import", "absent.ndjson"], "there is no file absent.ndjson"],
      [["export", "--output", "absent/tasks.ndjson"], "there is no folder for absent/tasks.ndjson"],
    ] as const) {
      const stderr = `taskcenter: ${told}\n`;
      assert.deepEqual(await runCli(server, args), { code: 1, stdout: "", stderr });
    }
    const endless = await runCli(server, ["import", "/dev/zero"]);
    assert.deepEqual(endless, {
      code: 1,
      stdout: "",
      stderr: "taskcenter: line 1 has more than 68157440 characters\n",
    });
  });

  test("that is interrupted says where to go on, and dies of the signal", async () => {
    const input = file("interrupted.ndjson");
    await writeMany(input);
    const other = await startServer({ clock: () => nowMs });
    try {
      const importing = startCli(other, ["import", input]);
      const said = text(importing.stderr);
      const ended = once(importing, "close");
      await untilThereAre(2000, other.url);
      importing.kill("SIGINT");
      assert.deepEqual(await ended, [null, "SIGINT"]);
      const [, fromLine = ""] =
        /^interrupted: go on with --from-line (\d+)\nimported \d+, .*\n$/.exec(await said) ?? [];
      assert.equal((await runCli(other, ["import", input, "--from-line", fromLine])).code, 0);
      assert.equal((await other.call(`/v1/${projectId}/tasks`)).json.total, many);
    } finally {
      await other.close();
    }
  });

  test("whose server is killed goes on where it says, and leaves nothing out and nothing double", async () => {
    const input = file("many.ndjson");
    await writeMany(input);
    const data = mkdtempSync(join(tmpdir(), "taskcenter-killed-"));
    try {
      const options = { directory: data, args: ["--retention", "4000d"] };
      const first = await startServerProcess(options);
      const at = (cloudsFile: string): TestServer => ({ ...server, directory: data, cloudsFile });
      // What is imported comes through a pipe, so that it is not at its end before its server is killed.
      const pipe = join(data, "pipe");
      execFileSync("mkfifo", [pipe]);
      const importing = startCli(at(first.cloudsFile), ["import", pipe]);
      const said = text(importing.stderr);
      const ended = once(importing, "close");
      const writer = await open(pipe, "w");
      const whole = readFileSync(input);
      const half = whole.lastIndexOf("\n", whole.length / 2) + 1;
      await writer.writeFile(whole.subarray(0, half));
      await untilThereAre(2000, first.url);
      await first.stop("SIGKILL");
      // It may have gone already.
      await writer.writeFile(whole.subarray(half)).catch(() => {});
      await writer.close();
      assert.deepEqual(await ended, [69, null]);
      const [, fromLine = ""] = /^interrupted: go on with --from-line (\d+)$/m.exec(await said) ?? [];
      assert.ok(Number(fromLine) > 1 && Number(fromLine) <= many, fromLine);
      const second = await startServerProcess(options);
      const resumed = await runCli(at(second.cloudsFile), ["import", input, "--from-line", fromLine]);
      assert.equal(resumed.code, 0, resumed.stderr);
      const exported = await runCli(at(second.cloudsFile), ["export"]);
      assert.ok(exported.stdout === readFileSync(input, "utf8"));
      assert.equal((await second.stop()).code, 0);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});

/** How many lines an import has that takes long enough to be interrupted. */
const many = 6000;

async function writeMany(path: string): Promise<void> {
  const { stdout } = await runCli(server, ["export"]);
  const { task, history } = JSON.parse(stdout.slice(0, stdout.indexOf("\n")));
  const copies = Array.from({ length: many }, (_, index) => {
    const id = `many-${String(index).padStart(5, "0")}`;
    return `${JSON.stringify({ task: { ...task, id }, history })}\n`;
  });
  writeFileSync(path, copies.join(""));
}

/** Waits until a server has some tasks. */
async function untilThereAre(wanted: number, url: string): Promise<void> {
  const token = await logIn(url);
  let total = 0;
  while (total < wanted) {
    ({ total } = (await callServer(`${url}/v1/${projectId}/tasks?limit=1`, { token })).json);
  }
}
