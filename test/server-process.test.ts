import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../src/task/clock.ts";
import { createAccessKey, signedHeaders } from "./identities.ts";
import {
  adminPassword,
  callServer,
  logIn,
  passwordIn,
  projectId,
  startServerProcess,
  type TestProcess,
} from "./start-server.ts";

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));
let directory: string;
let running: TestProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "taskcenter-process-"));
  running = [];
});
afterEach(async () => {
  for (const server of running) await server.stop("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

async function start(
  options: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
) {
  const server = await startServerProcess({ directory, ...options });
  running.push(server);
  return server;
}

/** Runs the program to its end. */
function runToEnd(args: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      execFile(
        process.execPath,
        [launcher, ...args],
        { cwd: directory, env: { ...process.env, ...env }, timeout: 20_000 },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    },
  );
}

test("the first start says where it listens, what it made and what to do next, and never the password", async () => {
  const server = await start({ env: { TASKCENTER_ADMIN_PASSWORD: "", TASKCENTER_PROJECT_ID: "" } });
  const password = passwordIn(server.cloudsFile);
  assert.ok(password.length >= 24);
  assert.equal(statSync(server.cloudsFile).mode & 0o777, 0o600);
  await server.stop();
  const { stdout, stderr } = server.output();
  assert.match(stdout, /^listening on http:\/\/127\.0\.0\.1:\d+\n/);
  assert.match(stdout, /clouds\.yaml/);
  assert.match(stdout, /npx taskcenter run/);
  assert.ok(!`${stdout}${stderr}`.includes(password));
  for (const line of stderr.trim().split("\n").filter(Boolean)) assert.ok(JSON.parse(line), line);
});

test("a later start says only where it listens, corrects the address, and names what it ignores", async () => {
  const first = await start();
  await first.stop();
  const second = await start();
  const { stdout, stderr } = second.output();
  assert.equal(stdout, `listening on ${second.url}\n`);
  assert.ok(stderr.includes("TASKCENTER_ADMIN_PASSWORD"));
  assert.ok(!stderr.includes(adminPassword));
  assert.equal(passwordIn(second.cloudsFile), adminPassword);
  assert.ok((await runToEnd(["list"], { TASKCENTER_DATA: directory })).code === 0);
});

test("an encryption key from the environment seals the keys, and leaves none in the data folder", async () => {
  const env = { TASKCENTER_ENCRYPTION_KEY: "0f".repeat(32) };
  const first = await start({ env });
  const token = await logIn(first.url);
  const { user } = (
    await callServer(`${first.url}/v3/auth/tokens`, { token, headers: { "x-subject-token": token } })
  ).json.token;
  const key = await createAccessKey(first, user, token);
  await first.stop();
  assert.ok(!existsSync(join(directory, "encryption.key")));
  const statusWith = async (server: TestProcess) => {
    const url = `${server.url}/v1/${projectId}/tasks`;
    const headers = signedHeaders({ key, method: "GET", url, nowMs: systemClock() });
    return (await callServer(url, { headers })).status;
  };
  const second = await start({ env });
  assert.equal(await statusWith(second), 200);
  await second.stop();
  assert.equal(await statusWith(await start()), 401);
});

test("a stop answers what is in flight, and exits with 0 within 10 seconds although a connection stays idle", async () => {
  const server = await start();
  const token = await logIn(server.url);
  const { hostname, port } = new URL(server.url);
  const idle = connect(Number(port), hostname);
  idle.on("error", () => undefined);
  await new Promise((resolve) => idle.once("connect", resolve));
  const body = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };
  const inFlight = Array.from({ length: 20 }, () =>
    callServer(`${server.url}/v1/${projectId}/tasks`, { token, body }),
  );
  // Some are cut off before the server has seen them: what counts is that none is lost that was answered.
  const settled = Promise.allSettled(inFlight);
  await inFlight[0];
  const { code, tookMs } = await server.stop("SIGTERM");
  idle.destroy();
  assert.equal(code, 0);
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
  const answers = await settled;
  const acknowledged = answers.filter(
    (answer) => answer.status === "fulfilled" && answer.value.status === 201,
  );
  const again = await start();
  const list = await callServer(`${again.url}/v1/${projectId}/tasks`, { token: await logIn(again.url) });
  assert.equal(list.json.total, acknowledged.length);
});

test("after kill -9 in the middle of concurrent writes every acknowledged one is there, once", async () => {
  const server = await start();
  const token = await logIn(server.url);
  const tasks = `${server.url}/v1/${projectId}/tasks`;
  const acknowledged = new Map<string, number>();
  let stopped = false;
  const writers = Array.from({ length: 16 }, async (_, writer) => {
    for (let count = 0; !stopped; count += 1) {
      const id = `w${writer}-${count}`;
      const body = { id, service: "ddm", name: "CreateInstance", instance: { id: "in01" } };
      try {
        if ((await callServer(tasks, { token, body })).status !== 201) continue;
        acknowledged.set(id, 1);
        const report = await callServer(`${tasks}/${id}`, { token, method: "PATCH", body: { progress: 50 } });
        if (report.status === 200) acknowledged.set(id, 2);
      } catch {
        return;
      }
    }
  });
  while (acknowledged.size < 300) await new Promise((resolve) => setTimeout(resolve, 10));
  await server.stop("SIGKILL");
  stopped = true;
  await Promise.all(writers);

  const again = await start();
  const call = (rest: string) => callServer(`${again.url}/v1/${projectId}/tasks${rest}`, { token });
  const revisions = new Map<string, number>();
  let total = 0;
  do {
    const { json } = await call(`?limit=500&offset=${revisions.size}`);
    total = json.total;
    for (const task of json.tasks) {
      assert.ok(!revisions.has(task.id), `${task.id} is there twice`);
      revisions.set(task.id, task.revision);
    }
  } while (revisions.size < total);
  for (const [id, revision] of acknowledged) {
    assert.ok((revisions.get(id) ?? 0) >= revision, `${id} has lost revision ${revision}`);
  }
  // At most the writes under way at the kill may be there without their answer.
  assert.ok(total <= acknowledged.size + writers.length);
});

test("a second signal, of whichever kind, ends the server at once", async () => {
  const server = await start();
  const { hostname, port } = new URL(server.url);
  const slow = connect(Number(port), hostname);
  slow.on("error", () => undefined);
  // The server says when it has read the head.
  const continued = new Promise((resolve) => slow.once("data", resolve));
  // A request that never comes to its end keeps the stop waiting.
  slow.write(
    "POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n{",
  );
  await continued;
  server.process.kill("SIGTERM");
  // Until it does not listen any more: it is stopping.
  while (await fetch(`${server.url}/livez`, { headers: { connection: "close" } }).catch(() => false));
  const { code, tookMs } = await server.stop("SIGINT");
  slow.destroy();
  // The first signal alone would let it end by itself, with 0, when the request is cut off.
  assert.equal(code, null);
  assert.ok(tookMs < 5000, `${tookMs} ms`);
});

test("after a time away no producer is punished for a silence that nobody could break", async () => {
  const body = {
    id: "leased",
    service: "rds",
    name: "B",
    instance: { id: "i" },
    lease_seconds: 5,
    on_stale: "fail",
  };
  const first = await start();
  const tasks = (server: TestProcess) => `${server.url}/v1/${projectId}/tasks`;
  const token = await logIn(first.url);
  assert.equal((await callServer(tasks(first), { token, body })).status, 201);
  await first.stop();
  await new Promise((resolve) => setTimeout(resolve, 5200));
  const again = await start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const task = await callServer(`${tasks(again)}/leased`, { token });
  assert.equal(task.json.status, "Running");
  assert.equal(task.json.stale, true);
});

test("a setting that cannot be used ends the start with its name, in one line", async () => {
  const { code, stderr, stdout } = await runToEnd(["serve", "--listen", "nowhere"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^taskcenter: --listen: "nowhere" is not usable; give HOST:PORT[^\n]*\n$/);
});

test("a data folder that cannot be made ends the start, and a restore, with one clear line", async () => {
  // The kernel answers as if the folder above were missing, which it is not.
  const served = await runToEnd(["serve", "--listen", "127.0.0.1:0", "--data", "/proc/x/y"]);
  assert.equal(served.code, 2);
  assert.match(served.stderr, /^taskcenter: --data: "\/proc\/x\/y" cannot be a folder: [^\n]+\n$/);
  const file = join(directory, "backup.db");
  const restored = await runToEnd(["store", "restore", file, "--data", "/proc/x"]);
  assert.equal(restored.code, 1);
  assert.match(restored.stderr, /^taskcenter: The [^\n]+\n$/);
});

test("an address in use, and a store in use, end the start with one clear line", async () => {
  const server = await start();
  const { host } = new URL(server.url);
  const taken = await runToEnd(["serve", "--listen", host, "--data", join(directory, "other")]);
  assert.equal(taken.code, 1);
  assert.equal(
    taken.stderr,
    `taskcenter: another program listens on ${host}; end it, or choose another address with --listen\n`,
  );
  const ofService = ["--listen", "127.0.0.1:0", "--listen-ddm", host, "--data", join(directory, "third")];
  assert.match(
    (await runToEnd(["serve", ...ofService])).stderr,
    /another program .*another address with --listen-ddm\n$/,
  );
  const shared = await runToEnd(["serve", "--listen", "127.0.0.1:0", "--data", directory]);
  assert.equal(shared.code, 1);
  assert.match(shared.stderr, /taskcenter: [^\n]*in use/);
});

test("an address that is not this machine's ends the start with the setting to change", async () => {
  // An address that the standard keeps for documentation, and a name that it keeps from being one.
  for (const [address, reason] of [
    [
      "192.0.2.1:0",
      /^taskcenter: 192\.0\.2\.1 is no address of this machine; choose another one with --listen\n$/,
    ],
    ["nowhere.invalid:0", /^taskcenter: [^\n]* host "nowhere\.invalid"[^\n]* with --listen\n$/],
  ] as const) {
    const { code, stderr } = await runToEnd(["serve", "--listen", address]);
    assert.equal(code, 1);
    assert.match(stderr, reason);
  }
});

test("a file that is no store is named as one, and left as it is", async () => {
  const path = join(directory, "letter.txt");
  writeFileSync(path, "Dear Sir or Madam, this is no database.".repeat(100));
  const { code, stderr } = await runToEnd(["serve", "--listen", "127.0.0.1:0", "--store", `sqlite:${path}`]);
  assert.equal(code, 1);
  assert.match(stderr, /^taskcenter: [^\n]+\n$/);
  assert.equal(statSync(path).size, 39 * 100);
});
