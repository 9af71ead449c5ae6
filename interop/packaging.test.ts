import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { findFreePorts } from "../scripts/free-ports.ts";
import { root } from "../test/dockerfile.ts";
import { baseArgs, type ReplayedImage, replayDockerfile } from "./image-replay.ts";

/**
 * The image without an engine, and the service without a service manager, by Debian's bubblewrap and systemd. Nothing of
 * the machine's own is started or changed.
 */
const folder = mkdtempSync(join(tmpdir(), "taskcenter-packaging-"));
// The image's user must reach what is in it.
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));

let image: ReplayedImage;
before(() => {
  image = replayDockerfile(folder);
});

/** Runs a command in the image: its root for reading alone, a /tmp, its data folder, and its user. */
function inImage(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { uid, gid } = image.user;
  const data = image.env.TASKCENTER_DATA ?? "";
  const args = [
    ...baseArgs({ ...image.env, ...env, HOME: "/" }),
    ...["--ro-bind", join(image.folder, "opt"), "/opt", "--bind", join(image.folder, data), data],
    ...["--remount-ro", "/", "--cap-drop", "ALL", "--as-pid-1", "--chdir", image.workingDirectory],
    ...command,
  ];
  // Where root runs this, as in the image: without any right, by the number alone.
  return spawn("bwrap", args, {
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    env: {},
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function ended(child: ReturnType<typeof inImage>) {
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.setEncoding("utf8").toArray(),
    child.stderr.setEncoding("utf8").toArray(),
    once(child, "close"),
  ]);
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

test("the image has the program, the console, the documentation, and no second Node or development", (t) => {
  const app = join(image.folder, "opt/taskcenter");
  for (const file of [
    "bin/taskcenter",
    "dist/cli/main.js",
    "dist/web/index.html",
    "dist/docs/index.html",
    "LICENSE",
  ]) {
    assert.ok(existsSync(join(app, file)), file);
  }
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    assert.equal(existsSync(join(app, "node_modules", name)), name !== "node", name);
  }
  const shared = ["ajv", "@types/node"];
  for (const name of Object.keys(devDependencies).filter((each) => !shared.includes(each))) {
    assert.ok(!existsSync(join(app, "node_modules", name)), name);
  }
  const files = globSync("**/*", { cwd: app, withFileTypes: true }).filter((file) => file.isFile());
  const sizes = files.map((file) => statSync(join(file.parentPath, file.name)).size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`what the image adds to its base: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
  // Room for growth, not for a browser or a database that slipped in.
  assert.ok(bytes < 60e6, String(bytes));
  const isStray = ({ name, parentPath }: { readonly name: string; readonly parentPath: string }) =>
    name.endsWith(".node") || (name.includes(".test.") && !parentPath.includes("node_modules"));
  assert.deepEqual(files.filter(isStray), []);
});

test("it serves as a user without rights, from a root that is read-only, as the first process, and stops", async (t) => {
  const [port] = await findFreePorts(1);
  const env = { TASKCENTER_LISTEN: `127.0.0.1:${port}` };
  const server = inImage(image.command, env);
  t.after(() => server.kill("SIGKILL"));
  let log = "";
  server.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  const lines = createInterface({ input: server.stdout });
  const first = await Promise.race([once(lines, "line"), once(server, "exit")]);
  assert.equal(first[0], `listening on http://127.0.0.1:${port}`, log);

  const healthy = await ended(inImage(image.healthcheck, env));
  assert.deepEqual(healthy, { code: 0, stdout: "", stderr: "" });
  assert.equal((await fetch(`http://127.0.0.1:${port}/version`)).status, 200);
  // Beside the server, as `docker exec` does it: the first user is found in the data folder.
  const task = ["--service", "rds", "--name", "BackupInstance", "--instance", "db1"];
  const made = await ended(inImage(["taskcenter", "create", ...task]));
  assert.equal(made.code, 0, made.stderr);
  const listed = await ended(inImage(["taskcenter", "list", "-o", "json"]));
  assert.equal(JSON.parse(listed.stdout)[0].id, made.stdout.trim());
  const written = await ended(inImage(["sh", "-c", "id -u; touch /opt/taskcenter/x /var/x /x || exit 7"]));
  const uid = process.getuid?.() === 0 ? image.user.uid : process.getuid?.();
  assert.deepEqual([written.code, written.stdout], [7, `${uid}\n`]);

  const exit = once(server, "exit");
  signalFirstProcess(server.pid ?? 0);
  assert.deepEqual((await exit)[0], 0, log);
  assert.notEqual((await ended(inImage(image.healthcheck, env))).code, 0);
});

/** The engine signals the container's first process; here that is the child of the bubblewrap that holds it. */
function signalFirstProcess(holder: number): void {
  const children = readFileSync(`/proc/${holder}/task/${holder}/children`, "utf8").trim().split(" ");
  process.kill(Number(children[0]), "SIGTERM");
}

/** The unit as it is installed, but for the place of the program, which must be there to be checked. */
function installedUnit(name: string, parts: Readonly<Record<string, string>> = {}): string {
  const place = join(folder, name);
  const unit = join(place, "taskcenter.service");
  mkdirSync(join(place, "taskcenter.service.d"), { recursive: true });
  const text = readFileSync(join(root, "deploy/systemd/taskcenter.service"), "utf8");
  const program = join(image.folder, "opt/taskcenter/bin/taskcenter");
  const changed = text.replace("ExecStart=/opt/taskcenter/bin/taskcenter", `ExecStart=${program}`);
  assert.notEqual(changed, text);
  writeFileSync(unit, changed);
  for (const [part, content] of Object.entries(parts)) {
    writeFileSync(join(place, "taskcenter.service.d", part), content);
  }
  return unit;
}

function analyse(...args: readonly string[]) {
  return spawnSync("systemd-analyze", ["--no-pager", ...args], { encoding: "utf8" as const });
}

const [postgres, metrics] = ["postgres", "metrics"].map((part) =>
  readFileSync(join(root, `deploy/systemd/taskcenter.service.d/${part}.conf`), "utf8"),
) as [string, string];

test("systemd finds nothing wrong with the service, alone and with its parts, and does with a mistake", () => {
  const verify = (unit: string) => analyse("verify", "--man=no", unit);
  const parts = { "postgres.conf": postgres, "metrics.conf": metrics };
  for (const unit of [installedUnit("alone"), installedUnit("with-all-parts", parts)]) {
    const { status, stderr } = verify(unit);
    // It reads what the service needs of the machine's own, too, and may find something there.
    const aboutOurs = stderr.split("\n").filter((line) => line.includes("taskcenter"));
    assert.deepEqual([status, aboutOurs], [0, []]);
  }
  const mistaken = postgres.replace("LoadCredential=", "LoadCredentials=");
  assert.match(verify(installedUnit("mistaken", { "postgres.conf": mistaken })).stderr, /LoadCredentials/);
});

test("systemd calls the service well shut in", (t) => {
  const unit = installedUnit("shut-in", { "postgres.conf": postgres });
  const secure = (path: string) => analyse("security", "--offline=true", "--threshold=15", path);
  const { status, stdout, stderr } = secure(unit);
  t.diagnostic(stdout.trim().split("\n").at(-1) ?? "");
  assert.equal(status, 0, stderr);
  const open = installedUnit("open", {
    "open.conf": "[Service]\nSystemCallFilter=\nRestrictNamespaces=no\nPrivateUsers=no\n",
  });
  assert.notEqual(secure(open).status, 0);
});

test("the settings of the service are those that the server has", () => {
  const settings = readFileSync(join(root, "deploy/systemd/taskcenter.env"), "utf8");
  const given = Array.from(settings.matchAll(/^#?([A-Z_]+)=(.*)$/gm), ([, name = "", value = ""]) => [
    name,
    value,
  ]);
  assert.ok(given.length >= 4);
  const reference = readFileSync(join(root, "docs/reference/config.md"), "utf8");
  for (const [name = ""] of given) assert.ok(reference.includes(`\`${name}\``), name);
  const unit = readFileSync(join(root, "deploy/systemd/taskcenter.service"), "utf8");
  // Where the service keeps its data is said twice, and once more by systemd.
  assert.match(unit, /^Environment=TASKCENTER_DATA=\/var\/lib\/taskcenter$/m);
  assert.match(unit, /^StateDirectory=taskcenter$/m);
  const [, stop] = /^TimeoutStopSec=(\d+)s$/m.exec(unit) ?? [];
  assert.ok(Number(stop) > 10);
});
