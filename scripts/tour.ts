import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import prettyJson from "json-stringify-pretty-compact";
import { parse } from "yaml";

/**
 * The main job on real input, in one go: a server on a new data folder, a real backup of a real database recorded as
 * a task and watched while it runs, a command that fails, and everything read back through every API. The server is
 * left up for the reader. Usage: npm run tour [-- --exit]
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const launcher = join(root, "bin/taskcenter.js");
const directory = mkdtempSync(join(tmpdir(), "taskcenter-tour-"));
const data = join(directory, "data");
/** Without a terminal nobody presses Ctrl-C: then the server stays up only this long. */
const unattendedMs = 60_000;

const server = await startServer();
try {
  await tour(server.url);
} catch (error) {
  console.error(`\nThe tour broke off: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
if (process.exitCode === undefined && !process.argv.includes("--exit")) await leaveUp(server);
await stop(server.process);
// What went wrong can be looked into; what went well leaves nothing behind.
if (process.exitCode === undefined) rmSync(directory, { recursive: true, force: true });

async function tour(url: string): Promise<void> {
  heading(
    "1. A server",
    "on a new data folder; it made a project and a user, whose password lies in clouds.yaml.",
  );
  console.log(`  listening on ${url}, data in ${data}`);
  const { token, projectId } = await logIn(url);
  const headerFile = join(directory, "token");
  writeFileSync(headerFile, `X-Auth-Token: ${token}\n`, { mode: 0o600 });
  const api = requests({ url, token, headerFile });

  heading("2. A database", "a real one, to have something to back up.");
  const database = join(directory, "orders.db");
  const copy = join(directory, "orders-backup.db");
  await run("scripts/tour/make-database.ts", database);
  console.log(`  ${database}: ${(statSync(database).size / 1e6).toFixed(1)} MB`);

  heading(
    "3. A backup, recorded as a task",
    "any command will do; its progress is read from what it prints.",
  );
  const backup = runTask("BackupInstance", ["scripts/tour/backup.ts", database, copy]);
  await watchFirstTask(api, projectId, backup);
  expectCode(await backup.ended, 0);
  const sizes = [database, copy].map((file) => statSync(file).size);
  if (sizes[0] !== sizes[1]) throw new Error(`the copy has ${sizes[1]} bytes instead of ${sizes[0]}`);

  heading("4. A command that fails", "a restore of a damaged copy. Its exit code stays its own.");
  truncateSync(copy, Math.floor((sizes[1] ?? 0) / 2));
  const restore = runTask("RestoreInstance", ["scripts/tour/restore.ts", copy]);
  const code = await restore.ended;
  expectCode(code, 3);
  console.log(`  the command's exit code: ${code}`);

  heading("5. Both tasks, as the RDS API shows them", "in the form that existing clients of that API read.");
  await api.get(`/rds/v3/${projectId}/tasklist?limit=2`);

  heading("6. The same, in our own API", "all services in one list, with more detail.");
  const { tasks } = await api.get(`/v1/${projectId}/tasks?state=failed&limit=1`);
  const [failed] = tasks;
  if (failed === undefined) throw new Error("the failed task is not listed");
  await api.get(`/v1/${projectId}/tasks/${failed.id}/history`);

  heading(
    "7. A DDM task and a GeminiDB task",
    "reported over HTTP, as a control plane does, and read in their words.",
  );
  const ddm = await api.post(`/v1/${projectId}/tasks`, {
    service: "ddm",
    name: "migrateLogicDb",
    status: "Expanding",
    progress: 40,
    instance: { id: "733c7e8d73a54c27b8308ec784a8be8cin09", name: "ddm-orders" },
    database_name: "db_orders",
  });
  const geminidb = await api.post(`/v1/${projectId}/tasks`, {
    service: "geminidb",
    name: "CreateCassandra",
    instance: { id: "27a045b6bf9e46f691f81366d398cb04in06", name: "nosql-sessions" },
  });
  await api.patch(`/v1/${projectId}/tasks/${geminidb.id}`, { progress: 14 });
  const createdMs = Date.parse(ddm.created_at);
  const dayMs = 24 * 60 * 60 * 1000;
  await api.get(`/ddm/v3/${projectId}/jobs?start_time=${createdMs - dayMs}&end_time=${createdMs + dayMs}`);
  await api.get(`/ddm/v3/${projectId}/jobs/${ddm.id}`);
  await api.get(`/geminidb/v3/${projectId}/jobs?name=CreateInstance`);

  heading("8. All of it, in the terminal", "taskcenter finds the server through clouds.yaml.");
  const table = spawnTaskcenter(["list"]);
  expectCode(await endOf(table), 0);
}

interface TourServer {
  readonly url: string;
  readonly process: ChildProcess;
}

async function startServer(): Promise<TourServer> {
  const port = (await isFree(8080)) ? 8080 : 0;
  const child = spawn(
    process.execPath,
    [launcher, "serve", "--listen", `127.0.0.1:${port}`, "--data", data],
    {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      // Ctrl-C ends the tour, and the tour ends the server: not both at once.
      detached: true,
    },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const listening = /^listening on (\S+)$/.exec(line);
      if (listening?.[1] !== undefined) resolve(listening[1]);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  });
  return { url, process: child };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

async function leaveUp(server: TourServer): Promise<void> {
  console.log(`
That was the tour. The server is still there: try the lines above. They read the token from a file that only you
can read, so it stands in no command line. People look at ${server.url}/console/ with a browser: the user is admin, the
password is in ${data}/clouds.yaml. When the server ends, its folder is removed.`);
  if (process.stdin.isTTY) console.log("Press Ctrl-C to end it.");
  else console.log(`There is no terminal here, so it ends by itself in ${unattendedMs / 1000} seconds.`);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    server.process.once("exit", () => resolve());
    if (!process.stdin.isTTY) setTimeout(resolve, unattendedMs).unref();
  });
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = endOf(child);
  child.kill("SIGTERM");
  await ended;
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.once("exit", (code) => resolve(code ?? 1));
  });
}

function expectCode(code: number, expected: number): void {
  if (code !== expected) throw new Error(`a command ended with ${code} instead of ${expected}`);
}

async function run(script: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, script), ...args], { stdio: "inherit" });
  expectCode(await endOf(child), 0);
}

function spawnTaskcenter(args: readonly string[]): ChildProcess {
  console.log(`\n  $ taskcenter ${args.map((argument) => shortened(argument)).join(" ")}\n`);
  return spawn(process.execPath, [launcher, ...args], {
    cwd: directory,
    env: { ...process.env, TASKCENTER_DATA: data },
    stdio: "inherit",
  });
}

/** Runs one of the tour's own scripts under `taskcenter run`. */
function runTask(
  name: string,
  command: readonly [script: string, ...args: string[]],
): { readonly ended: Promise<number> } {
  const [script, ...args] = command;
  const task = ["--service", "rds", "--name", name, "--instance", "db-01=orders", "--database", "orders"];
  return {
    ended: endOf(spawnTaskcenter(["run", ...task, "--", process.execPath, join(root, script), ...args])),
  };
}

function shortened(argument: string): string {
  if (argument === process.execPath) return "node";
  return argument.startsWith(root) ? relative(root, argument) : argument;
}

interface TaskSeen {
  readonly id: string;
  readonly status: string;
  readonly progress: number | null;
  readonly created_at: string;
  readonly revision: number;
}

/** Asks for the running task again and again while its command works, as somebody else would. */
async function watchFirstTask(
  api: Requests,
  projectId: string,
  running: { readonly ended: Promise<number> },
): Promise<void> {
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  let seen = "";
  let changes = 0;
  while (!over) {
    const { tasks } = (await api.ask(`/v1/${projectId}/tasks?limit=1`)) as {
      readonly tasks: readonly TaskSeen[];
    };
    const [task] = tasks;
    const state =
      task === undefined ? "" : `${task.status}${task.progress === null ? "" : ` ${task.progress}%`}`;
    if (state !== seen && state !== "") {
      console.log(`    seen from outside: ${state}`);
      changes += 1;
    }
    seen = state;
    await pause(250);
  }
  if (changes < 2) throw new Error("the backup's progress was not seen while it ran");
}

interface TaskList {
  readonly tasks: readonly TaskSeen[];
}

interface Requests {
  /** Asks without a word. */
  ask(path: string): Promise<TaskList>;
  /** Asks, and shows question and answer. */
  get(path: string): Promise<TaskList>;
  post(path: string, body: unknown): Promise<TaskSeen>;
  patch(path: string, body: unknown): Promise<TaskSeen>;
}

/** Requests that are shown as the `curl` lines that do the same, with what came back. */
function requests(to: {
  readonly url: string;
  readonly token: string;
  readonly headerFile: string;
}): Requests {
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(to.url + path, {
      method,
      headers: { "x-auth-token": to.token, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as never;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return { answer, said: `${response.status} ${response.statusText}` };
  };
  const sendShown = async (method: string, path: string, body?: unknown) => {
    const how = body === undefined ? "" : ` -X ${method} --json '${JSON.stringify(body)}'`;
    console.log(`\n  $ curl -s -H @${to.headerFile}${how} '${to.url}${path}'`);
    return send(method, path, body);
  };
  const change = async (method: string, path: string, body: unknown): Promise<TaskSeen> => {
    const { answer, said } = await sendShown(method, path, body);
    const { id, status, revision }: TaskSeen = answer;
    console.log(`  ${said}: task ${id}, ${status}, revision ${revision}`);
    return answer;
  };
  return {
    ask: async (path) => (await send("GET", path)).answer,
    get: async (path) => {
      const { answer } = await sendShown("GET", path);
      console.log(prettyJson(answer, { maxLength: 100 }).replace(/^/gm, "  "));
      return answer;
    },
    post: (path, body) => change("POST", path, body),
    patch: (path, body) => change("PATCH", path, body),
  };
}

/** Logs in with what `clouds.yaml` says, as every OpenStack client does. */
async function logIn(url: string): Promise<{ readonly token: string; readonly projectId: string }> {
  const { auth } = parse(readFileSync(join(data, "clouds.yaml"), "utf8")).clouds.taskcenter;
  const response = await fetch(`${url}/v3/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ["password"],
          password: {
            user: { name: auth.username, domain: { name: auth.user_domain_name }, password: auth.password },
          },
        },
        scope: { project: { name: auth.project_name, domain: { name: auth.project_domain_name } } },
      },
    }),
  });
  const token = response.headers.get("x-subject-token");
  if (token === null) throw new Error(`the login failed with ${response.status}`);
  const { token: description } = (await response.json()) as { token: { project: { id: string } } };
  return { token, projectId: description.project.id };
}

function heading(title: string, text: string): void {
  console.log(`\n${title}: ${text}`);
}
