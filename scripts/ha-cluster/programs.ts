import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { chown, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** The processes of a cluster: each has its working directory inside the cluster's folder, by which it is found. */

/** PostgreSQL refuses to run as root, so root runs everything as the user whom Debian's package makes for it. */
const serviceUser = "postgres";
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? identityOf(serviceUser) : undefined;
/** How long PostgreSQL may take to end at once, before it is killed. */
const endMs = 5000;

function identityOf(user: string): { readonly uid: number; readonly gid: number } {
  const ask = (what: string): number => Number(execFileSync("id", [what, user], { encoding: "utf8" }));
  return { uid: ask("-u"), gid: ask("-g") };
}

/** Gives a file or folder to the user who runs the cluster. */
export async function giveToService(path: string): Promise<void> {
  if (identity !== undefined) await chown(path, identity.uid, identity.gid);
}

/**
 * Starts a program that does not outlive this process, however that ends: the kernel then sends it SIGTERM. It is in a
 * session of its own, so that Ctrl-C in a terminal ends it only in its turn.
 */
export function startProgram(options: {
  readonly command: readonly [program: string, ...args: string[]];
  /** Where it runs, and where its log goes. */
  readonly folder: string;
  readonly log: string;
}): ChildProcess {
  const { command, folder, log } = options;
  const output = openSync(log, "a", 0o600);
  // Debian's Patroni is for Debian's Python, whatever else is in the caller's path.
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", HOME: folder };
  return spawn("/usr/bin/setpriv", ["--pdeathsig", "TERM", ...command], {
    ...identity,
    cwd: folder,
    env,
    detached: true,
    stdio: ["ignore", output, output],
  });
}

/** The processes that run inside a folder, by their ids. */
export async function processesIn(folder: string): Promise<readonly number[]> {
  const names = await readdir("/proc");
  const found = await Promise.all(
    names
      .filter((name) => /^[0-9]+$/.test(name))
      .map(async (name) => {
        const directory = await readlink(`/proc/${name}/cwd`).catch(() => "");
        return directory === folder || directory.startsWith(`${folder}/`) ? [Number(name)] : [];
      }),
  );
  return found.flat().filter((id) => id !== process.pid);
}

/** Sends a signal where the process is still there. */
export function signal(id: number, name: NodeJS.Signals): void {
  try {
    process.kill(id, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** The id of the process that leads a PostgreSQL server; undefined where there is none. */
export async function postmasterIn(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, "data", "postmaster.pid"), "utf8").catch(() => "");
  const id = Number(text.split("\n")[0]);
  return id > 0 && (await processesIn(folder)).includes(id) ? id : undefined;
}

/**
 * Ends everything that runs inside a folder. PostgreSQL ends by itself, since one that is killed leaves its shared memory
 * behind; nothing else has anything to tidy up, as the folder goes too.
 */
export async function endEverything(folder: string): Promise<void> {
  const nodes = await readdir(folder).catch(() => []);
  const found = await Promise.all(nodes.map((node) => postmasterIn(join(folder, node))));
  const postmasters = found.filter((id) => id !== undefined);
  const isPostgres = async (id: number): Promise<boolean> =>
    (await readlink(`/proc/${id}/exe`).catch(() => "")).endsWith("/postgres");
  for (const id of await processesIn(folder)) {
    signal(id, "SIGCONT");
    if (!(await isPostgres(id))) signal(id, "SIGKILL");
  }
  for (const id of postmasters) signal(id, "SIGQUIT");
  for (let waitedMs = 0; (await processesIn(folder)).length > 0; waitedMs += 50) {
    if (waitedMs >= endMs) for (const id of await processesIn(folder)) signal(id, "SIGKILL");
    if (waitedMs >= 2 * endMs) throw new Error(`not everything that runs in ${folder} can be ended`);
    await wait(50);
  }
}

/** Fails as soon as a program ends that should go on, with where its log is. */
export async function failWhenEnded(
  child: ChildProcess,
  what: { readonly name: string; readonly log: string },
): Promise<never> {
  await once(child, "exit");
  throw new Error(`${what.name} has ended; its log: ${what.log}`);
}
