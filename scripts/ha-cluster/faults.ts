import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { answersAsPrimary } from "./cluster.ts";
import type { ClusterFacts, Node } from "./configuration.ts";
import { postmasterIn, processesIn, signal } from "./programs.ts";

/** What can be done to the primary of a cluster, to see what becomes of it. */
export const faults = {
  kill: "PostgreSQL is killed with -9",
  unwatch: "Patroni stands still, while its PostgreSQL goes on and believes that it is the primary",
  freeze: "the whole machine stands still: etcd, Patroni and PostgreSQL",
} as const;

export type Fault = keyof typeof faults;

/** How long to go on asking who the primary is: a busy machine is slow to answer. */
const patienceMs = 10_000;

/** Strikes the primary; answers which machine that was. `healCluster` has it go on, where it only stands still. */
export async function strikePrimary(facts: ClusterFacts, fault: Fault): Promise<Node> {
  const node = await findPrimary(facts);
  if (fault === "kill") {
    const postmaster = await postmasterIn(node.folder);
    if (postmaster === undefined) throw new Error(`there is no PostgreSQL in ${node.folder}`);
    signal(postmaster, "SIGKILL");
    return node;
  }
  for (const id of await processesIn(node.folder)) {
    if (fault === "freeze" || (await isPatroni(id))) signal(id, "SIGSTOP");
  }
  return node;
}

/** Has everything go on that stands still. */
export async function healCluster({ nodes }: ClusterFacts): Promise<void> {
  for (const { folder } of nodes) for (const id of await processesIn(folder)) signal(id, "SIGCONT");
}

/** The machine that is the primary. @throws Error where none says so for some seconds. */
export async function findPrimary(facts: ClusterFacts): Promise<Node> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const node = await answersAsPrimary(facts);
    if (node !== undefined) return node;
    if (performance.now() > untilMs) throw new Error("no machine is the primary now");
    await wait(100);
  }
}

async function isPatroni(id: number): Promise<boolean> {
  const command = await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "");
  return command.includes("/usr/bin/patroni");
}
