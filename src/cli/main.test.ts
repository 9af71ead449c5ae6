import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import test, { after, before } from "node:test";
import type { Command } from "commander";
import { parse } from "yaml";
import { runCli, startCli } from "../../test/start-cli.ts";
import { adminPassword, projectId, startServer, type TestServer } from "../../test/start-server.ts";
import { buildProgram } from "./main.ts";

const tasksPath = `/v1/${projectId}/tasks`;

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const start = (args: readonly string[]) => startCli(server, args);
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli(server, args, { env });

async function createTask(fields: object): Promise<string> {
  const body = { service: "rds", name: "BackupInstance", instance: { id: "db1" }, ...fields };
  const { json } = await server.call(tasksPath, { body });
  return json.id;
}

async function report(id: string, body: object): Promise<void> {
  assert.equal((await server.call(`${tasksPath}/${id}`, { method: "PATCH", body })).status, 200);
}

test("create prints the id of a task that has all that was said", async () => {
  const args = ["create", "--service", "geminidb", "--name", "ResizeInstance", "--instance", "nosql-1=cart"];
  const more = ["--id", "resize-1", "--database", "carts", "--progress", "5.5", "--lease", "300"];
  const created = await run([...args, ...more, "--status", "Running"]);
  assert.deepEqual(created, { code: 0, stdout: "resize-1\n", stderr: "" });
  const { json } = await server.call(`${tasksPath}/resize-1`);
  assert.deepEqual(
    [json.service, json.name, json.instance, json.database_name, json.progress, json.status],
    ["geminidb", "ResizeInstance", { id: "nosql-1", name: "cart", status: "" }, "carts", 5.5, "Running"],
  );
  assert.notEqual(json.lease_expires_at, null);
  assert.deepEqual(await run([...args, ...more, "--status", "Running"]), created);
});

test("report changes what it names, says nothing, and shows in the task and its history", async () => {
  const id = await createTask({ progress: 10 });
  const args = ["--status", "Failed", "--fail-reason", "disk full", "--message", "gave up"];
  assert.deepEqual(await run(["report", id, ...args]), { code: 0, stdout: "", stderr: "" });
  const { json } = await server.call(`${tasksPath}/${id}`);
  assert.deepEqual([json.status, json.progress, json.fail_reason], ["Failed", 10, "disk full"]);
  const { json: told } = await server.call(`${tasksPath}/${id}/history`);
  assert.equal(told.history.at(-1).message, "gave up");
});

test("a report of nothing is a heartbeat", async () => {
  const id = await createTask({});
  assert.equal((await run(["report", id])).code, 0);
  assert.equal((await server.call(`${tasksPath}/${id}`)).json.revision, 1);
});

test("show shows one task in every form", async () => {
  const id = await createTask({ name: "ShowOne" });
  const { json } = await server.call(`${tasksPath}/${id}`);
  const [sheet, asJson, asYaml, asCsv] = await Promise.all(
    ["table", "json", "yaml", "csv"].map(async (form) => (await run(["show", id, "-o", form])).stdout),
  );
  assert.match(sheet ?? "", new RegExp(`^ID +${id}\n`));
  assert.deepEqual(JSON.parse(asJson ?? ""), json);
  assert.deepEqual(parse(asYaml ?? ""), json);
  assert.match(asCsv ?? "", new RegExp(`^id,.*\n${id},`));
});

test("list filters, and tells the exact total", async () => {
  const states = ["Running", "Failed", "Completed", "Completed"];
  await Promise.all(
    states.map((status, index) => createTask({ name: "Listed", status, instance: { id: `i${index}` } })),
  );
  const [all, limited, failed, two, none] = await Promise.all(
    [
      ["--name", "Listed", "Other", "--since", "1h", "-o", "json"],
      ["--name", "Listed", "--limit", "3"],
      ["--name", "Listed", "--state", "failed", "--status", "Failed", "--service", "rds", "-o", "json"],
      ["--name", "Listed", "--instance", "i0", "--instance", "i3", "-o", "json"],
      ["--name", "Listed", "--since", "2999-01-01T00:00:00Z"],
    ].map((args) => run(["list", ...args])),
  );
  assert.equal(JSON.parse(all?.stdout ?? "").length, 4);
  assert.equal(all?.stderr, "");
  assert.equal(limited?.stdout.split("\n").length, 5);
  assert.equal(limited?.stderr, "showing 3 of 4\n");
  assert.deepEqual(
    JSON.parse(failed?.stdout ?? "").map((task: { status: string }) => task.status),
    ["Failed"],
  );
  assert.equal(JSON.parse(two?.stdout ?? "").length, 2);
  assert.equal(none?.stderr, "showing 0 of 0\n");
});

test("list filters by everything that a task is found by, oldest first where that is wanted", async () => {
  const facts = [
    { database_name: "shop", labels: { team: "dba", tier: "1" }, fail_reason: "Disk FULL" },
    { database_name: "shop", labels: { team: "payments" }, kind: "scheduled" },
    {
      database_name: "stock",
      labels: { team: "dba" },
      instance: { id: "f3", name: "orders" },
      parent_id: "plan",
    },
  ];
  const created: string[] = [];
  for (const [index, fact] of facts.entries()) {
    const created_at = new Date(server.nowMs() - 1000 + index).toISOString();
    created.push(await createTask({ name: "Found", created_at, ...fact }));
  }
  const found = await Promise.all(
    [
      ["--sort", "oldest"],
      ["--sort", "newest"],
      ["--database", "shop", "--sort", "oldest"],
      ["--label", "team=dba", "team=payments", "--label", "tier=1"],
      ["--query", "disk full"],
      ["--kind", "scheduled"],
      ["--instance-name", "orders"],
      ["--parent", "other", "plan"],
      ["--stale"],
    ].map(async (args) => {
      const { stdout } = await run(["list", "--name", "Found", "-o", "json", ...args]);
      return JSON.parse(stdout).map(({ id }: { readonly id: string }) => created.indexOf(id));
    }),
  );
  assert.deepEqual(found, [[0, 1, 2], [2, 1, 0], [0, 1], [0], [0], [1], [2], [2], []]);
});

test("list fetches as many pages as it takes, each task once, newest first", async () => {
  const ids = Array.from({ length: 1010 }, (_, index) => `many-${String(index).padStart(4, "0")}`);
  const firstMs = server.nowMs() - ids.length;
  await Promise.all(
    ids.map((id, index) => {
      const created_at = new Date(firstMs + index).toISOString();
      return createTask({ id, name: "Many", created_at });
    }),
  );
  const { stdout, stderr } = await run(["list", "--name", "Many", "--limit", "1005"]);
  const listed = stdout
    .split("\n")
    .slice(1, -1)
    .map((line) => line.split(" ")[0]);
  assert.deepEqual(listed, ids.toReversed().slice(0, 1005));
  assert.equal(stderr, "showing 1005 of 1010\n");
});

test("nothing that a terminal would obey comes out of a list", async () => {
  await createTask({ name: "Hostile", instance: { id: "h", name: "\u001b]0;x\u0007\u009b2J" } });
  const { stdout } = await run(["list", "--name", "Hostile"]);
  assert.match(stdout, /\\u001b\]0;x\\u0007\\u009b2J/);
});

test("wait ends as the task does, or when its time is over", async () => {
  const [done, failed, canceled, running] = await Promise.all([
    createTask({ status: "Completed" }),
    createTask({ status: "Failed", fail_reason: "disk full\nsecond line" }),
    createTask({ status: "Canceled" }),
    createTask({}),
  ]);
  const [ofDone, ofFailed, ofCanceled, ofRunning] = await Promise.all([
    run(["wait", done]),
    run(["wait", failed, "--timeout", "1m"]),
    run(["wait", canceled]),
    run(["wait", running, "--timeout", "1s"]),
  ]);
  assert.deepEqual(ofDone, { code: 0, stdout: "", stderr: "" });
  assert.equal(ofFailed.code, 1);
  assert.match(ofFailed.stderr, /^\S+ Failed disk full second line\n$/);
  assert.equal(ofCanceled.code, 3);
  assert.deepEqual(ofRunning, {
    code: 124,
    stdout: "",
    stderr: `task ${running} has not ended in time\n`,
  });
});

test("watch prints a line for each change until the task has ended, and ends as it did", async () => {
  const id = await createTask({});
  const child = start(["watch", id]);
  const stderr = text(child.stderr);
  const closed = once(child, "close");
  const lines: string[] = [];
  const next = [
    () => report(id, { progress: 50.7 }),
    () => report(id, { status: "Failed", fail_reason: "disk\nfull" }),
  ];
  for await (const line of child.stdout.setEncoding("utf8")) {
    lines.push(line.replace(/^\S+Z /, ""));
    await next.shift()?.();
  }
  assert.deepEqual(await closed, [1, null]);
  assert.deepEqual(lines, ["Running\n", "Running 50%\n", "Failed 50% disk full\n"]);
  assert.equal(await stderr, "");
});

test("a reader that has seen enough ends the program quietly", async () => {
  const id = await createTask({});
  for (const args of [["list", "-o", "json"], ["watch", id], ["--help"]]) {
    const child = start(args);
    child.stdout.destroy();
    const stderr = text(child.stderr);
    if (args[0] === "watch") await report(id, { status: "Completed" });
    assert.deepEqual([(await once(child, "close"))[0], await stderr], [0, ""], args.join(" "));
  }
});

test("a token with an address is enough", async () => {
  const env = { OS_CLIENT_CONFIG_FILE: "", TASKCENTER_URL: server.url, TASKCENTER_TOKEN: server.token };
  assert.equal((await run(["list", "--limit", "1"], env)).code, 0);
});

test("every failure is one line and its own exit code, without secrets", async () => {
  const ended = await createTask({ status: "Completed" });
  const cases = [
    [["list", "--label", "team"], {}, 2, /Give KEY=VALUE/],
    [
      ["list", "--limit", "0"],
      {},
      2,
      /^taskcenter: option '--limit <NUMBER>' argument '0' is invalid\. Give a/,
    ],
    [["list", "--state", "lost"], {}, 2, /Allowed choices are pending, running/],
    [
      ["create", "--service", "rds"],
      {},
      2,
      /^taskcenter: required option '--name <NAME>' not specified: see taskcenter create --help$/,
    ],
    [["show"], {}, 2, /^taskcenter: missing required argument 'ID': see taskcenter show --help$/],
    [
      ["user", "add"],
      {},
      2,
      /^taskcenter: missing required argument 'NAME': see taskcenter user add --help$/,
    ],
    [["list", "extra"], {}, 2, /^taskcenter: too many arguments/],
    [["list"], { OS_CLOUD: "nowhere" }, 2, /^taskcenter: OS_CLOUD: .* has no cloud "nowhere"/],
    [
      ["list"],
      { OS_AUTH_URL: "http://127.0.0.1:1/v3" },
      69,
      /^taskcenter: cannot reach http:\/\/127\.0\.0\.1:1: /,
    ],
    [
      ["list"],
      { OS_PASSWORD: "wrong secret" },
      77,
      /^taskcenter: not logged in as user "admin" at http:\S+ \(cloud "taskcenter" in \S+clouds\.yaml\): /,
    ],
    ...["show", "report", "watch", "wait"].map(
      (command) =>
        [[command, "absent"], {}, 1, /^taskcenter: there is no task "absent" in project "eu-de"$/] as const,
    ),
    [["report", ended, "--status", "Running"], {}, 1, /^taskcenter: .*Completed.*Running/],
    [["create", "--service", "rds", "--name", "", "--instance", "db1"], {}, 1, /^taskcenter: name: /],
  ] as const;
  const results = await Promise.all(cases.map(([args, env]) => run(args, env)));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    const [args, , wanted, line] = cases[index] ?? assert.fail();
    const what = `${args.join(" ")}: ${stderr}`;
    assert.equal(code, wanted, what);
    assert.match(stderr.trimEnd(), line, what);
    assert.equal(stderr.split("\n").length, 2, what);
    assert.equal(stdout, "", what);
    assert.ok(!stderr.includes("secret") && !stderr.includes(adminPassword), what);
  }
});

test("a command that does not exist suggests the one that was meant", async () => {
  const { code, stderr } = await run(["lst"]);
  assert.equal(code, 2);
  assert.equal(stderr, "taskcenter: unknown command 'lst'\n(Did you mean list?)\n");
});

test("without a command the help is shown, as an error", async () => {
  const { code, stdout, stderr } = await run([]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Usage: taskcenter /);
});

test("every command has help with examples, and the program a version", async () => {
  const program = buildProgram();
  assert.equal(program.commands.length, 16);
  const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(program)) {
    let help = "";
    command.configureOutput({
      writeOut: (part) => {
        help += part;
      },
    });
    command.outputHelp();
    assert.match(help, /^Usage: taskcenter.*\nExamples:\n {2}\$ .*taskcenter /s);
    // Lines are broken where they are shown, which a break in the text itself would cross.
    assert.doesNotMatch(command.description(), /\n[a-z]/);
  }
  assert.match((await run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test("help is there for the commands of commands, too", async () => {
  const { code, stdout, stderr } = await run(["help", "user", "add"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^Usage: taskcenter user add /);
});

test("the list of commands shows where the command of a run begins", async () => {
  const { stdout } = await run(["--help"]);
  assert.match(stdout, /^ {2}run \[options\] -- <COMMAND\.\.\.> +run a command/m);
});

test("options that have to be given are marked", async () => {
  const { stdout } = await run(["create", "--help"]);
  const marked = stdout.replace(/\n {20,}/g, " ").match(/^ {2}--\S+(?=.*\(required\)$)/gm);
  assert.deepEqual(marked, ["  --service", "  --name", "  --instance"]);
});

test("help is no failure", async () => {
  const { code, stdout, stderr } = await run(["list", "--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^Usage: taskcenter list /);
});
