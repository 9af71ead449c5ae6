import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePorts } from "../free-ports.ts";
import { giveToService } from "./programs.ts";

/** Fills in the files of `deploy/ha/` for three machines that are all this one. */

const templates = fileURLToPath(new URL("../../deploy/ha/", import.meta.url));
const address = "127.0.0.1";

/** One of the three machines. */
export interface Node {
  readonly name: string;
  /** Everything that it keeps, and where all its programs run. */
  readonly folder: string;
  readonly restPort: number;
  readonly postgresPort: number;
  readonly etcdClientPort: number;
  readonly etcdPeerPort: number;
}

/** What is known of a cluster: enough to use it and to break it, from any process. */
export interface ClusterFacts {
  readonly folder: string;
  readonly databasePort: number;
  readonly nodes: readonly Node[];
  /** The process that has started it, and ends it. */
  readonly keeper: number;
}

/** Patroni's times, in seconds. */
export interface Timing {
  readonly ttl: number;
  readonly loopWait: number;
  readonly retryTimeout: number;
}

/** The passwords of one cluster, which exist as long as it. */
export interface Passwords {
  readonly superuser: string;
  readonly taskcenter: string;
}

/** Makes the folders and files of a cluster, in a folder that is there. */
export async function writeConfiguration(options: {
  readonly folder: string;
  readonly timing: Timing;
}): Promise<{ readonly facts: ClusterFacts; readonly passwords: Passwords }> {
  const { folder, timing } = options;
  const [databasePort = 0, ...ports] = await findFreePorts(13);
  const nodes = ["a", "b", "c"].map((name, index): Node => {
    const [restPort = 0, postgresPort = 0, etcdClientPort = 0, etcdPeerPort = 0] = ports.slice(4 * index);
    return { name, folder: join(folder, name), restPort, postgresPort, etcdClientPort, etcdPeerPort };
  });
  const newPassword = (): string => randomBytes(12).toString("hex");
  const passwords = { superuser: newPassword(), taskcenter: newPassword() };
  const shared = {
    address,
    network: `${address}/32`,
    databasePort,
    ...timing,
    maxConnections: 100,
    sharedBuffers: "32MB",
    superuserPassword: passwords.superuser,
    replicationPassword: newPassword(),
    rewindPassword: newPassword(),
    etcdMembers: nodes.map(({ name, etcdPeerPort }) => `${name}=http://${address}:${etcdPeerPort}`).join(","),
    etcdHosts: nodes.map(({ etcdClientPort }) => `${address}:${etcdClientPort}`).join(","),
    haproxyServers: nodes
      .map(
        ({ name, ...own }) => `    server ${name} ${address}:${own.postgresPort} check port ${own.restPort}`,
      )
      .join("\n"),
  };
  for (const node of nodes) {
    await mkdir(node.folder, { mode: 0o700 });
    for (const file of ["etcd.yaml", "patroni.yaml"]) {
      await fillIn(file, node.folder, { ...shared, ...node });
    }
    await giveToService(node.folder);
  }
  const balancer = join(folder, "haproxy");
  await mkdir(balancer, { mode: 0o700 });
  await fillIn("haproxy.cfg", balancer, shared);
  await giveToService(balancer);
  const facts = { folder, databasePort, nodes, keeper: process.pid };
  await writeFile(
    join(folder, "pgpass"),
    `${address}:${databasePort}:taskcenter:taskcenter:${passwords.taskcenter}\n`,
    { mode: 0o600 },
  );
  await writeFile(join(folder, "cluster.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
  return { facts, passwords };
}

/** Writes a template into a folder, with every name filled in. */
async function fillIn(
  file: string,
  folder: string,
  values: Readonly<Record<string, string | number>>,
): Promise<void> {
  const text = (await readFile(join(templates, file), "utf8")).replace(
    /\{\{(\w+)\}\}/g,
    (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${file}: nothing is known of ${name}`);
      return String(value);
    },
  );
  const path = join(folder, file);
  await writeFile(path, text, { mode: 0o600 });
  await giveToService(path);
}
