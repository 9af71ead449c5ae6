import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * The package as its user gets it: packed, installed into an empty directory, and started through npx. The checkout's
 * own commands are taken off the path, so that the Node which runs is the system's, or the one the package brings.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "taskcenter-package-"));
const path = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(delimiter);
const inherited = Object.entries(process.env).filter(
  ([name]) => !name.startsWith("npm_") && name !== "NODE_OPTIONS",
);
const env = { ...Object.fromEntries(inherited), PATH: path };

function runToEnd(command: string, args: readonly string[], cwd: string) {
  return new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      execFile(command, args, { cwd, env, timeout: 180_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    },
  );
}

before(async () => {
  const packed = await runToEnd("npm", ["pack", "--silent", "--pack-destination", directory], root);
  assert.equal(packed.code, 0, packed.stderr);
  const [tarball] = readdirSync(directory);
  assert.match(tarball ?? "", /^taskcenter-.*\.tgz$/);
  const installed = await runToEnd("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`], directory);
  assert.equal(installed.code, 0, installed.stderr);
});
after(() => rmSync(directory, { recursive: true, force: true }));

test("the package holds no sources and no tests", () => {
  const folder = join(directory, "node_modules/taskcenter");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    files.filter((file) => /\.test\.|(?<!\.d)\.ts$|^(src|test|bench)\b/.test(file)),
    [],
  );
  assert.ok(files.includes("LICENSE"));
});

test("the package holds what browsers are sent, what shells complete by, and what it is deployed with", () => {
  const folder = join(directory, "node_modules/taskcenter");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const wanted = [
    "dist/web/index.html",
    "dist/docs/index.html",
    "dist/cli/completion/taskcenter.bash",
    "dist/cli/completion/taskcenter.zsh",
    "dist/cli/completion/taskcenter.fish",
    "deploy/README.md",
    "deploy/systemd/taskcenter.service",
    "deploy/systemd/taskcenter.service.d/metrics.conf",
    "deploy/systemd/taskcenter.service.d/postgres.conf",
  ];
  assert.deepEqual(
    wanted.filter((file) => !files.includes(file)),
    [],
  );
  assert.ok(files.some((file) => /^dist\/web\/assets\/.+\.js\.br$/.test(file)));
  assert.deepEqual(
    files.filter((file) => /(^|\/)\.|\.key$|\.db$|^secrets/.test(file)),
    [],
  );
});

test("a checkout without the packages for development is installed without the pages, and says so", async () => {
  const checkout = join(directory, "production");
  for (const part of ["package.json", "scripts"]) {
    cpSync(join(root, part), join(checkout, part), { recursive: true });
  }
  const script = join(checkout, "scripts/build-web.ts");
  const { code, stdout, stderr } = await runToEnd(process.execPath, [script, "--if-stale"], checkout);
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(stderr, /^not built: /);
  assert.equal((await runToEnd(process.execPath, [script], checkout)).code, 1);
});

test("the package's program prints its completion", async () => {
  const { code, stdout } = await runToEnd("npx", ["taskcenter", "completion", "bash"], directory);
  assert.equal(code, 0);
  assert.match(stdout, /^complete -F _taskcenter taskcenter$/m);
});

test("the client is there to import, and nothing behind it", async () => {
  const script =
    "import(process.argv[1]).then((client) => console.log(typeof client.connect, typeof client.connectIam))";
  const load = (name: string) => runToEnd("node", ["-e", script, name], directory);
  assert.deepEqual(await load("taskcenter/client"), { code: 0, stdout: "function function\n", stderr: "" });
  assert.match((await load("taskcenter/dist/server.js")).stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
});

test("the examples of the client's reference are well typed against what the package declares", async () => {
  const reference = readFileSync(join(root, "docs/reference/client.md"), "utf8");
  const examples = Array.from(reference.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = ""]) => code);
  assert.ok(examples.length > 0);
  const folder = join(directory, "examples");
  mkdirSync(folder);
  const typeCheck = (code: string) => {
    writeFileSync(join(folder, "examples.ts"), code);
    return runToEnd(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), "-p", folder],
      directory,
    );
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        target: "es2022",
        module: "nodenext",
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
      },
    }),
  );
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  // They are one program, in the order in which they are read.
  const checked = await typeCheck(examples.join("\n"));
  assert.deepEqual([checked.code, checked.stdout], [0, ""]);
  const mistaken = await typeCheck(`${examples.join("\n")}\nclient.listTasks({ state: "failed" });`);
  assert.match(mistaken.stdout, /error TS2322/);
});

test("npx starts the server, records a command, and shows the task", async () => {
  const server = spawn("npx", ["taskcenter", "serve", "--listen", "127.0.0.1:0"], {
    cwd: directory,
    env,
    stdio: ["ignore", "pipe", "inherit"],
    // Its own group, so that npx and what it started can be ended together.
    detached: true,
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: server.stdout }).on("line", (line) => {
        if (line.startsWith("listening on ")) resolve();
      });
      server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    const task = ["--service", "rds", "--name", "BackupInstance", "--instance", "in01"];
    const command = ["node", "-e", "console.log('50%'); process.exit(4)"];
    const run = await runToEnd("npx", ["taskcenter", "run", ...task, "--", ...command], directory);
    assert.equal(run.code, 4, run.stderr);
    assert.equal(run.stdout, "50%\n");
    const list = await runToEnd("npx", ["taskcenter", "list", "-o", "json"], directory);
    assert.equal(list.code, 0, list.stderr);
    const [shown] = JSON.parse(list.stdout);
    assert.equal(shown.status, "Failed");
    assert.match(shown.fail_reason, /^exit status 4/);
    // All tasks at once come from a thread, which has a module of its own.
    const exported = await runToEnd("npx", ["taskcenter", "export"], directory);
    assert.equal(exported.code, 0, exported.stderr);
    assert.equal(JSON.parse(exported.stdout).task.id, shown.id);
  } finally {
    process.kill(-(server.pid ?? 0), "SIGTERM");
    await ended;
  }
});
