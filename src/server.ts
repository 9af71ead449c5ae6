import { mkdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { correctAuthUrl, writeCloudsFile } from "./clouds-file.ts";
import { type Address, type Config, ConfigError } from "./config.ts";
import { keepEncryptionKey } from "./encryption-key.ts";
import { type App, type AppDeps, createApp } from "./http/app.ts";
import { builtinIdentity } from "./identity/builtin.ts";
import { builtinAdministration } from "./identity/builtin-administration.ts";
import { type FirstLogin, makeFirstIdentity } from "./identity/first-start.ts";
import { openPasswordGate } from "./identity/password-gate.ts";
import { type SecretBox, secretBox } from "./identity/secret-box.ts";
import { openSqliteStore } from "./store/sqlite/store.ts";
import type { IdentityStore, Store } from "./store/store.ts";
import { overdueSweep } from "./sweep/overdue.ts";
import { retentionSweep } from "./sweep/retention.ts";
import { pause, repeat } from "./sweep/timer.ts";
import { type Clock, systemClock } from "./task/clock.ts";
import { type Service, services } from "./task/lifecycle.ts";

/** A server that accepts requests. */
export interface RunningServer {
  /** The address of the listener of everything, with the port that it really has. */
  readonly url: string;
  /** The addresses of the services' own listeners. */
  readonly serviceUrls: Readonly<Partial<Record<Service, string>>>;
  /** What the first start made; undefined on every later one. */
  readonly firstStart: FirstStart | undefined;
  /** Stops accepting, answers what is in flight, and closes the store: within 10 seconds. */
  close(): Promise<void>;
}

export interface FirstStart {
  readonly cloudsFile: string;
  readonly userName: string;
  readonly projectName: string;
  readonly projectId: string;
}

/** How long requests in flight may take before their connections are cut at the stop. */
const graceMs = 8000;
/** How many passwords are hashed at the same time: one core stays for everybody else's requests. */
const passwordsAtOnce = Math.min(4, Math.max(1, availableParallelism() - 1));
/** How often leases are looked after. */
const sweepPauseMs = 1000;
/** How often tasks that have ended long ago are deleted. */
const retentionPauseMs = 60 * 60 * 1000;
/** How long after the start that happens first: whoever waited for the server has its turn before. */
const firstRetentionPauseMs = 2000;

/**
 * Opens the store, wires everything, and listens. The only place that knows all the parts.
 *
 * @throws TaskCenterError `store-unavailable` when the store can not be opened; the system's error when an address can
 * not be listened on. Nothing is left open then.
 */
export async function startServer(options: {
  readonly config: Config;
  readonly clock?: Clock;
  /** Where the log goes, as JSON lines; by default stderr. */
  readonly logTo?: { write(line: string): void };
}): Promise<RunningServer> {
  const { config, clock = systemClock, logTo = process.stderr } = options;
  makeDataDirectory(config.dataDirectory);
  const encryptionKey = config.encryptionKey ?? keepEncryptionKey(config.dataDirectory);
  const store = await openSqliteStore({ path: config.storePath, clock });
  const open: Closable[] = [];
  try {
    return await startOn({ config, clock, logTo, encryptionKey, store, open });
  } catch (error) {
    for (const { close } of open) await close();
    await store.close();
    throw error;
  }
}

/** Nobody but its owner may look into a new data folder. @throws ConfigError where there can be none. */
function makeDataDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`--data: ${JSON.stringify(path)} can not be a folder: ${reason}`);
  }
}

/** Something that a failed start must close again. */
interface Closable {
  close(): Promise<void>;
}

async function startOn(parts: {
  readonly config: Config;
  readonly clock: Clock;
  readonly logTo: { write(line: string): void };
  readonly encryptionKey: Buffer;
  readonly store: Store;
  readonly open: Closable[];
}): Promise<RunningServer> {
  const { config, clock, store, open } = parts;
  let publicUrl = config.publicUrl ?? "";
  const identityParts = {
    store: store.identity,
    clock,
    secrets: secretBox(parts.encryptionKey),
  };
  const deps: Omit<AppDeps, "listenerService"> = {
    tasks: store.tasks,
    identity: builtinIdentity({
      ...identityParts,
      tokenLifetimeMs: config.tokenLifetimeMs,
      passwords: openPasswordGate({ clock, atOnce: passwordsAtOnce }),
    }),
    // A gate of its own: whoever is known already does not wait behind strangers.
    administration: builtinAdministration({
      ...identityParts,
      passwords: openPasswordGate({ clock, atOnce: 1 }),
    }),
    ping: () => store.ping(),
    clock,
    retentionMs: config.retentionMs,
    publicUrl: () => publicUrl,
    region: config.region,
    utcOffsetMinutes: config.utcOffsetMinutes,
    version: programVersion(),
    logger: { level: "info", stream: parts.logTo },
  };
  const listen = async (address: Address, listenerService: Service | undefined) => {
    const app = await createApp({ ...deps, listenerService });
    open.push({ close: () => closeWithin(app, graceMs) });
    const whose = listenerService === undefined ? "" : ` (${listenerService})`;
    await app.listen({ ...address, listenTextResolver: (at) => `listening on ${at}${whose}` });
    return { url: urlOf(address, app.server.address()), log: app.log };
  };

  const { url, log } = await listen(config.listen, undefined);
  publicUrl = config.publicUrl ?? url;
  const serviceUrls: Partial<Record<Service, string>> = {};
  for (const service of services) {
    const address = config.serviceListeners[service];
    if (address !== undefined) serviceUrls[service] = (await listen(address, service)).url;
  }

  const cloudsFile = join(config.dataDirectory, "clouds.yaml");
  const authUrl = `${publicUrl}/v3`;
  const login = await makeFirstIdentity(store.identity, {
    region: config.region,
    ...config.firstStart,
    // Before the user exists: a crash in between must not leave a user whose password nobody knows.
    keepLogin: (first) => writeLogin(cloudsFile, { ...first, authUrl, regionName: config.region }),
  });
  if (login === undefined) {
    correctLogin(cloudsFile, authUrl, log);
    logIgnored(log, config);
    await logUnusableKeys(log, store.identity, identityParts.secrets);
  }

  const sweep = repeat({
    work: overdueSweep({ tasks: store.tasks, identity: store.identity, clock }),
    pauseMs: sweepPauseMs,
    onError: (error) => log.error({ err: error }, "leases could not be looked after"),
  });
  const retention = repeat({
    work: retentionSweep({
      tasks: store.tasks,
      identity: store.identity,
      clock,
      retentionMs: config.retentionMs,
      pause,
      onDeleted: (deletions) => log.info(deletions, "deleted tasks that ended before the retention"),
    }),
    firstPauseMs: firstRetentionPauseMs,
    pauseMs: retentionPauseMs,
    onError: (error) =>
      log.error({ err: error }, "tasks that ended before the retention could not be deleted"),
  });

  return {
    url,
    serviceUrls,
    firstStart: login === undefined ? undefined : { cloudsFile, ...withoutPassword(login) },
    async close() {
      await Promise.all([...open.map((app) => app.close()), retention.stop()]);
      await sweep.stop();
      await store.close();
    },
  };
}

function withoutPassword({ userName, projectName, projectId }: FirstLogin): Omit<FirstStart, "cloudsFile"> {
  return { userName, projectName, projectId };
}

/** Answers what is in flight; what takes longer is cut off. */
async function closeWithin(app: App, ms: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), ms);
  await app.close();
  clearTimeout(cut);
}

/** Settings for the first start alone say nothing on a later one: said once, since somebody expects otherwise. */
function logIgnored(log: App["log"], config: Config): void {
  const { adminPassword, projectId } = config.firstStart;
  const ignored = [
    ...(adminPassword === undefined ? [] : ["TASKCENTER_ADMIN_PASSWORD"]),
    ...(projectId === undefined ? [] : ["TASKCENTER_PROJECT_ID"]),
  ];
  if (ignored.length > 0) log.warn({ ignored }, "ignored: used only when the store is created");
}

/** After the encryption key was lost or changed the server can do everything but check these keys' signatures. */
async function logUnusableKeys(log: App["log"], store: IdentityStore, secrets: SecretBox): Promise<void> {
  const unusable = await store.countAccessKeysSealedOtherwise(secrets.prefix);
  if (unusable === 0) return;
  log.error({ unusable }, "access keys were sealed under another encryption key, and are refused");
}

function writeLogin(
  path: string,
  login: FirstLogin & { readonly authUrl: string; readonly regionName: string },
): void {
  writeCloudsFile(path, {
    authUrl: login.authUrl,
    username: login.userName,
    password: login.password,
    userDomainName: login.domainName,
    projectName: login.projectName,
    projectDomainName: login.domainName,
    regionName: login.regionName,
  });
}

/** The server does not need the file, so trouble with it is told and is no reason to stop. */
function correctLogin(path: string, authUrl: string, log: App["log"]): void {
  try {
    correctAuthUrl(path, authUrl);
  } catch (error) {
    log.warn({ err: error }, "the address in clouds.yaml could not be corrected");
  }
}

/** The address as clients write it. A server on every interface is reached through this machine's own. */
function urlOf(address: Address, bound: AddressInfo | string | null): string {
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  const ownOfAny: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const host = ownOfAny[address.host] ?? address.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The program's version. The manifest lies one folder up, from the sources as from the build. */
function programVersion(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
