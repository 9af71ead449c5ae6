import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { correctAuthUrl, writeCloudsFile } from "./clouds-file.ts";
import { type Address, type Config, ConfigError } from "./config.ts";
import { agreeOnEncryptionKey, keepEncryptionKey } from "./encryption-key.ts";
import { type App, type AppDeps, createApp } from "./http/app.ts";
import { builtinIdentity } from "./identity/builtin.ts";
import { builtinAdministration } from "./identity/builtin-administration.ts";
import { type FirstLogin, type FirstStartSettings, makeFirstIdentity } from "./identity/first-start.ts";
import { openPasswordGate } from "./identity/password-gate.ts";
import { type SecretBox, secretBox } from "./identity/secret-box.ts";
import { openMetrics, type Peers } from "./metrics/metrics.ts";
import { type OwnFigures, openOwnFigures } from "./metrics/own-figures.ts";
import { makeFolder } from "./store/sqlite/folder.ts";
import { openSqliteStore } from "./store/sqlite/store.ts";
import type { IdentityStore, Store } from "./store/store.ts";
import { overduePauseMs, overdueSweep } from "./sweep/overdue.ts";
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

/** How long requests in flight may take before their connections are cut at the stop: three of its ten seconds are left. */
const graceMs = 7000;
/** How many passwords are hashed at the same time: one core stays for everybody else's requests. */
const passwordsAtOnce = Math.min(4, Math.max(1, availableParallelism() - 1));
/** From which difference on between the machine's clock and the database's somebody should know. */
const largestDifferenceMs = 1000;
/** How often tasks that have ended long ago are deleted. */
const retentionPauseMs = 60 * 60 * 1000;
/** How long after the start that happens first: whoever waited for the server has its turn before. */
const firstRetentionPauseMs = 2000;

/**
 * Opens the store, wires everything, and listens. The only place that knows all the parts.
 *
 * @throws TaskCenterError `store-unavailable` when the store cannot be opened; an error that names the setting when an
 * address cannot be listened on. Nothing is left open then.
 */
export async function startServer(options: {
  readonly config: Config;
  readonly clock?: Clock;
  /** Where the log goes, as JSON lines; by default stderr. */
  readonly logTo?: { write(line: string): void };
  /** The processes that serve with this one behind one address; undefined where it serves alone. */
  readonly peers?: Peers;
  /** Where the web console's files are; by default where they are built to. */
  readonly webDirectory?: string;
}): Promise<RunningServer> {
  const { config, logTo = process.stderr, webDirectory = builtWebDirectory, peers } = options;
  makeDataDirectory(config.dataDirectory);
  const secrets = secretBox(config.encryptionKey ?? keepEncryptionKey(config.dataDirectory));
  const trouble: Trouble = { tell: () => {} };
  const figures = openOwnFigures({ version: programVersion() });
  const opened = await openStore({ config, clock: options.clock, secrets, trouble, figures });
  const { store } = opened;
  const open: Closable[] = [];
  try {
    return await startOn({ ...opened, webDirectory, config, logTo, secrets, trouble, open, figures, peers });
  } catch (error) {
    await closeAll([store, ...open]);
    throw error;
  }
}

/** Nobody but its owner may look into a new data folder. @throws ConfigError where there can be none. */
function makeDataDirectory(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`--data: ${JSON.stringify(path)} cannot be a folder: ${reason}`);
  }
}

/** Whom the store tells of trouble that no request waits for: the log, once there is one. */
interface Trouble {
  tell: (error: unknown) => void;
}

/** An open store, and the time that goes with it. */
interface OpenStore {
  readonly store: Store;
  /** The given clock; else the machine's, or that of the database that servers share. */
  readonly clock: Clock;
  /** How far the machine's clock is behind that, in milliseconds. */
  readonly differenceMs: number;
}

/** Opens the store that the settings name. */
async function openStore(parts: {
  readonly config: Config;
  readonly clock: Clock | undefined;
  readonly secrets: SecretBox;
  readonly trouble: Trouble;
  readonly figures: OwnFigures;
}): Promise<OpenStore> {
  const { secrets, trouble } = parts;
  const onCommit = parts.figures.observeCommit;
  const place = parts.config.store;
  if (place.kind === "sqlite") {
    const { clock = systemClock } = parts;
    return { store: await openSqliteStore({ path: place.path, clock, onCommit }), clock, differenceMs: 0 };
  }
  // Only here: a server on a file does without the driver.
  const [{ openPostgresStore }, { openDatabaseClock }] = await Promise.all([
    import("./store/postgres/store.ts"),
    import("./store/postgres/database-clock.ts"),
  ]);
  const open: Closable[] = [];
  try {
    const shared = await openDatabaseClock({ url: place.url, clock: systemClock });
    open.push(shared);
    const { clock = shared.clock } = parts;
    const onTrouble = (error: unknown) => trouble.tell(error);
    const store = await openPostgresStore({ ...place, clock, onTrouble, onCommit });
    open.push(store);
    await agreeOnEncryptionKey(store, secrets.prefix);
    const close = (): Promise<void> => store.close().finally(shared.close);
    return { store: { ...store, close }, clock, differenceMs: shared.differenceMs() };
  } catch (error) {
    await closeAll(open);
    throw error;
  }
}

/** Something that a failed start must close again. */
interface Closable {
  close(): Promise<void>;
}

/** Closes what a start has opened, the last first. What cannot be closed is no reason to leave the rest open. */
async function closeAll(open: readonly Closable[]): Promise<void> {
  for (const part of open.toReversed()) await part.close().catch(() => {});
}

async function startOn(parts: {
  readonly config: Config;
  readonly clock: Clock;
  readonly differenceMs: number;
  readonly logTo: { write(line: string): void };
  readonly secrets: SecretBox;
  readonly store: Store;
  readonly trouble: Trouble;
  readonly open: Closable[];
  readonly webDirectory: string;
  readonly figures: OwnFigures;
  readonly peers: Peers | undefined;
}): Promise<RunningServer> {
  const { config, clock, secrets, store, open, webDirectory, figures } = parts;
  const tasks = figures.observeTasks(store.tasks);
  let tellTrouble = (_error: unknown): void => {};
  const metrics = openMetrics({
    own: figures,
    store,
    clock,
    // Without a token anybody may ask, and the series name what the projects keep.
    withSuccesses: config.metricsToken !== undefined,
    pause: setImmediate,
    peers: parts.peers,
    onError: (error) => tellTrouble(error),
  });
  open.push(metrics);
  let publicUrl = config.publicUrl ?? "";
  const identityParts = { store: store.identity, clock, secrets };
  const deps: Omit<AppDeps, "listenerService"> = {
    tasks,
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
    webDirectory,
    docsDirectory: builtDocsDirectory,
    logger: { level: "info", stream: parts.logTo },
    metrics: { own: figures, metrics, token: config.metricsToken },
  };
  const listen = async (address: Address, listenerService: Service | undefined) => {
    const app = await createApp({ ...deps, listenerService });
    open.push({ close: () => closeWithin(app, graceMs) });
    const whose = listenerService === undefined ? "" : ` (${listenerService})`;
    const flag = listenerService === undefined ? "--listen" : `--listen-${listenerService}`;
    await app
      .listen({ ...address, listenTextResolver: (at) => `listening on ${at}${whose}` })
      .catch((error: unknown) => {
        throw listenTrouble(error, address, flag);
      });
    return { url: urlOf(address, app.server.address()), log: app.log };
  };

  const { url, log } = await listen(config.listen, undefined);
  // In words alone: the driver's error leads to the connection, and that to the password.
  if (Math.abs(parts.differenceMs) > largestDifferenceMs) {
    const { differenceMs } = parts;
    log.warn({ differenceMs }, "this machine's clock differs from the database's, which is used");
  }
  parts.trouble.tell = (error) =>
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, "trouble with the store");
  tellTrouble = (error) => log.error({ err: error }, "the figures of the store could not be gathered");
  publicUrl = config.publicUrl ?? url;
  const serviceUrls: Partial<Record<Service, string>> = {};
  for (const service of services) {
    const address = config.serviceListeners[service];
    if (address !== undefined) serviceUrls[service] = (await listen(address, service)).url;
  }

  const cloudsFile = join(config.dataDirectory, "clouds.yaml");
  const authUrl = `${publicUrl}/v3`;
  let withdrawLogin = (): void => {};
  const login = await makeFirstIdentityAlone(store, {
    region: config.region,
    ...config.firstStart,
    // Before the user exists: a crash in between must not leave a user whose password nobody knows.
    keepLogin: (first) => {
      withdrawLogin = writeLogin(cloudsFile, { ...first, authUrl, regionName: config.region });
    },
    withdrawLogin: () => withdrawLogin(),
  });
  if (login === undefined) {
    correctLogin(cloudsFile, authUrl, log);
    logIgnored(log, config);
    await logUnusableKeys(log, store.identity, secrets);
  }

  const sweep = repeat({
    work: overdueSweep({ store: { ...store, tasks }, clock, pause }),
    pauseMs: overduePauseMs,
    onError: (error) => log.error({ err: error }, "leases could not be looked after"),
  });
  const deleteEnded = retentionSweep({
    tasks,
    identity: store.identity,
    clock,
    retentionMs: config.retentionMs,
    pause,
    onDeleted: (deletions) => log.info(deletions, "deleted tasks that ended before the retention"),
  });
  const retention = repeat({
    work: (stopping) => store.lead("retention", (lost) => deleteEnded(AbortSignal.any([stopping, lost]))),
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
      // Told first: a round that is under way ends while the requests in flight do.
      const rounds = [sweep.stop(), retention.stop()];
      try {
        await Promise.all([...open.map((app) => app.close()), ...rounds]);
      } finally {
        await store.close();
      }
    },
  };
}

/** How long to wait for another server that is at its first start. */
const firstStartPauseMs = 200;

/** Of many servers that start on one empty store, one makes the first identity, and no other one writes its login. */
async function makeFirstIdentityAlone(
  store: Store,
  settings: FirstStartSettings,
): Promise<FirstLogin | undefined> {
  const never = new AbortController().signal;
  for (;;) {
    const made = await store.lead("first start", async () => ({
      login: await makeFirstIdentity(store.identity, settings),
    }));
    if (made !== undefined) return made.login;
    await pause(firstStartPauseMs, never);
  }
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
): () => void {
  return writeCloudsFile(path, {
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

/** What keeps a server from listening, and the way out; the system's error where that is none of the usual. */
function listenTrouble(error: unknown, address: Address, flag: string): unknown {
  if (!(error instanceof Error && "code" in error)) return error;
  const { host, port } = address;
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: `this user may not listen on ${at}; choose a port from 1024 on with ${flag}`,
    EADDRINUSE: `another program listens on ${at}; end it, or choose another address with ${flag}`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another one with ${flag}`,
    EAI_AGAIN: `the address of host ${JSON.stringify(host)} cannot be looked up now; give it with ${flag}`,
    ENOTFOUND: `there is no host ${JSON.stringify(host)}; choose another address with ${flag}`,
  };
  const reason = reasons[String(error.code)];
  return reason === undefined ? error : new Error(reason, { cause: error });
}

/** The address as clients write it. A server on every interface is reached through this machine's own. */
function urlOf(address: Address, bound: AddressInfo | string | null): string {
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  const ownOfAny: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const host = ownOfAny[address.host] ?? address.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Where the web console is built to: beside the sources, and in the package beside the program. */
const builtWebDirectory = fileURLToPath(new URL("../dist/web/", import.meta.url));
/** Where the documentation is built to. */
const builtDocsDirectory = fileURLToPath(new URL("../dist/docs/", import.meta.url));

/** The program's version. The manifest lies one folder up, from the sources as from the build. */
function programVersion(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
