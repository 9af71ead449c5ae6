import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { faultOfPostgresUrl, isPostgresUrl, withoutSecrets } from "./postgres-url.ts";

/** Where a server listens. Port 0 means any free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a server keeps its tasks: in a file of its own, or in a database that it shares with other servers. */
export type StorePlace =
  | { readonly kind: "sqlite"; readonly path: string }
  | {
      readonly kind: "postgres";
      /** `postgres://user@host:port/database`. It may hold a password, so it is never shown. */
      readonly url: string;
      /** The same database past a pooler, for changes of the schema and for upkeep. */
      readonly directUrl: string;
      /** How many connections serve requests at most. */
      readonly connections: number;
    };

/** What a server is started with: every setting read, checked and complete. */
export interface Config {
  readonly listen: Address;
  /** Listeners that belong to one service alone; a service without one is reached by prefix and by host. */
  readonly serviceListeners: Readonly<Partial<Record<"ddm" | "rds" | "geminidb", Address>>>;
  readonly dataDirectory: string;
  readonly store: StorePlace;
  /** How many processes serve requests; `auto` is one for each core. */
  readonly workers: number | "auto";
  /** Undefined where it follows from the address that the server listens on. */
  readonly publicUrl: string | undefined;
  readonly region: string;
  readonly utcOffsetMinutes: number;
  readonly tokenLifetimeMs: number;
  /** How long tasks are kept after they have ended. */
  readonly retentionMs: number;
  /** Seals the secret keys of access keys; undefined where the data folder keeps it. */
  readonly encryptionKey: Buffer | undefined;
  /** What `/metrics` asks for; undefined where anybody may read it. */
  readonly metricsToken: string | undefined;
  /** Used only when the store is created. */
  readonly firstStart: {
    readonly adminPassword: string | undefined;
    readonly projectId: string | undefined;
  };
}

/** A setting that cannot be used: the message names it, its value and the accepted form. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** One setting as people see it. */
export interface Setting {
  readonly env: string;
  /** What stands behind the flag: `HOST:PORT`. */
  readonly form: string;
  readonly description: string;
  /** As shown in the help; undefined where the setting is off unless given. */
  readonly default: string | undefined;
}

/** Every setting, by its flag without the dashes, which is also its key in the file. */
export const settings = {
  listen: {
    env: "TASKCENTER_LISTEN",
    form: "HOST:PORT",
    description: "where to listen; port 0 means any free one",
    default: "127.0.0.1:8080",
  },
  "listen-ddm": {
    env: "TASKCENTER_LISTEN_DDM",
    form: "HOST:PORT",
    description: "a listener for DDM alone, for clients that keep only host and port",
    default: undefined,
  },
  "listen-rds": {
    env: "TASKCENTER_LISTEN_RDS",
    form: "HOST:PORT",
    description: "a listener for RDS alone",
    default: undefined,
  },
  "listen-geminidb": {
    env: "TASKCENTER_LISTEN_GEMINIDB",
    form: "HOST:PORT",
    description: "a listener for GeminiDB alone",
    default: undefined,
  },
  data: {
    env: "TASKCENTER_DATA",
    form: "DIR",
    description: "the folder that holds everything the server keeps",
    default: "./taskcenter-data",
  },
  store: {
    env: "TASKCENTER_STORE",
    form: "sqlite:PATH|postgres://…",
    description: "the store; by default taskcenter.db in the data folder",
    default: undefined,
  },
  "store-direct-url": {
    env: "TASKCENTER_STORE_DIRECT_URL",
    form: "postgres://…",
    description: "the same database past a pooler, where the store's address leads through one",
    default: undefined,
  },
  "store-connections": {
    env: "TASKCENTER_STORE_CONNECTIONS",
    form: "N",
    description: "how many connections to PostgreSQL serve requests; default 10",
    default: undefined,
  },
  workers: {
    env: "TASKCENTER_WORKERS",
    form: "N|auto",
    description: "how many processes serve requests, on PostgreSQL; auto is one for each core",
    default: "1",
  },
  "public-url": {
    env: "TASKCENTER_PUBLIC_URL",
    form: "URL",
    description: "the address that clients are told in the catalog; by default the one listened on",
    default: undefined,
  },
  region: {
    env: "TASKCENTER_REGION",
    form: "NAME",
    description: "the region in the catalog, and the name of the first project",
    default: "eu-de",
  },
  "utc-offset": {
    env: "TASKCENTER_UTC_OFFSET",
    form: "+HHMM",
    description: "the zone offset in which the service APIs show times",
    default: "+0000",
  },
  "token-lifetime": {
    env: "TASKCENTER_TOKEN_LIFETIME",
    form: "DURATION",
    description: "how long a token lives, such as 30s, 15m, 24h or 7d",
    default: "24h",
  },
  retention: {
    env: "TASKCENTER_RETENTION",
    form: "DURATION",
    description: "how long tasks are kept after they have ended, such as 90d",
    default: "400d",
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;

/** Variables that hold a secret, or may. Each can name a file instead, as what runs containers and services hands them. */
export const secretVariables = [
  "TASKCENTER_ADMIN_PASSWORD",
  "TASKCENTER_ENCRYPTION_KEY",
  "TASKCENTER_METRICS_TOKEN",
  "TASKCENTER_STORE",
  "TASKCENTER_STORE_DIRECT_URL",
] as const;

/** Where settings come from, the strongest first: flags, then the environment, then the file. */
export interface SettingSources {
  readonly flags: Readonly<Partial<Record<SettingKey, string>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that `--config` names; undefined means `taskcenter.yaml` in the working directory, if there is one. */
  readonly configFile: string | undefined;
  readonly workingDirectory: string;
}

/** Reads and checks every setting. @throws ConfigError for the first one that cannot be used. */
export function readConfig(sources: SettingSources): Config {
  const file = readConfigFile(sources);
  const text = (key: SettingKey): Given | undefined => {
    const flag = sources.flags[key];
    if (flag !== undefined) return { name: `--${key}`, value: flag };
    const setting: Setting = settings[key];
    const inEnvironment = fromEnvironment(sources, setting.env);
    if (inEnvironment !== undefined) return inEnvironment;
    const inFile = file.get(key);
    if (inFile !== undefined) return { name: `${key} in the settings file`, value: inFile };
    return setting.default === undefined ? undefined : { name: `--${key}`, value: setting.default };
  };
  const required = (
    key: SettingKey &
      ("listen" | "data" | "region" | "utc-offset" | "token-lifetime" | "retention" | "workers"),
  ): Given => text(key) ?? { name: `--${key}`, value: settings[key].default };

  const dataDirectory = resolve(sources.workingDirectory, required("data").value);
  const store = readStore(text("store"), {
    ownPath: join(dataDirectory, "taskcenter.db"),
    workingDirectory: sources.workingDirectory,
    directUrl: text("store-direct-url"),
    connections: text("store-connections"),
  });
  const publicUrl = text("public-url");
  return {
    listen: readAddress(required("listen")),
    serviceListeners: {
      ...optionalAddress("ddm", text("listen-ddm")),
      ...optionalAddress("rds", text("listen-rds")),
      ...optionalAddress("geminidb", text("listen-geminidb")),
    },
    dataDirectory,
    store,
    workers: readWorkers(required("workers"), store),
    publicUrl: publicUrl === undefined ? undefined : readPublicUrl(publicUrl),
    region: readRegion(required("region")),
    utcOffsetMinutes: readUtcOffset(required("utc-offset")),
    tokenLifetimeMs: readDuration(required("token-lifetime"), { from: "1s", to: "366d", example: "24h" }),
    // At least a day: who means months by "13m" is told, and does not lose all that ended a quarter of an hour ago.
    retentionMs: readDuration(required("retention"), { from: "1d", to: "36500d", example: "400d" }),
    encryptionKey: readEncryptionKey(fromEnvironment(sources, "TASKCENTER_ENCRYPTION_KEY")),
    metricsToken: readMetricsToken(fromEnvironment(sources, "TASKCENTER_METRICS_TOKEN")),
    firstStart: {
      adminPassword: readAdminPassword(fromEnvironment(sources, "TASKCENTER_ADMIN_PASSWORD")),
      projectId: readProjectId(sources.env.TASKCENTER_PROJECT_ID),
    },
  };
}

/** A value together with the name under which it was given, for the message that refuses it. */
interface Given {
  readonly name: string;
  readonly value: string;
}

function refused(given: Given, form: string): ConfigError {
  return new ConfigError(`${given.name}: ${JSON.stringify(given.value)} is not usable; give ${form}`);
}

/** A variable, or what the file holds that it names with `_FILE` behind it; an empty variable counts as not set. */
function fromEnvironment(sources: SettingSources, variable: string): Given | undefined {
  const value = sources.env[variable] || undefined;
  const fileVariable = `${variable}_FILE`;
  const file = isSecretVariable(variable) ? sources.env[fileVariable] || undefined : undefined;
  if (file === undefined) return value === undefined ? undefined : { name: variable, value };
  // Whichever won, somebody would look for the reason in the other one.
  if (value !== undefined) throw new ConfigError(`${variable} and ${fileVariable} are both set; give one`);
  return { name: fileVariable, value: readSecretFile(resolve(sources.workingDirectory, file), fileVariable) };
}

function isSecretVariable(variable: string): boolean {
  return (secretVariables as readonly string[]).includes(variable);
}

/** No secret has more bytes. */
const largestSecret = 16_384;

/** One line, without its end, and without the mark that some editors begin a file with. */
function readSecretFile(path: string, variable: string): string {
  const problem = (text: string): ConfigError => new ConfigError(`${variable}: ${path} ${text}`);
  let text: string;
  try {
    const bytes = readFileStart(path, largestSecret + 1);
    if (bytes === undefined) throw problem("must be a file");
    if (bytes.length > largestSecret) throw problem("is larger than a secret, 16 KiB");
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw problem(`cannot be read: ${(error as Error).message}`);
  }
  if (text === "" || /[\r\n]/.test(text)) throw problem("must hold one line");
  return text;
}

/**
 * What a file begins with; undefined where the path names something else. It waits for nothing and trusts no size: some
 * files of the kernel say that they are empty, and have no end, or nothing to read until something happens.
 */
function readFileStart(path: string, maxBytes: number): Uint8Array | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const bytes = new Uint8Array(maxBytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < maxBytes; length += read) {
      read = readSync(file, bytes.subarray(length));
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function readConfigFile(sources: SettingSources): ReadonlyMap<SettingKey, string> {
  const path = resolve(sources.workingDirectory, sources.configFile ?? "taskcenter.yaml");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (absent && sources.configFile === undefined) return new Map();
    throw new ConfigError(`--config: ${path} cannot be read: ${(error as Error).message}`);
  }
  let document: unknown;
  try {
    document = parseYaml(text, { schema: "failsafe" });
  } catch (error) {
    // Its first line alone: the others show the file, which may hold a password.
    const [reason] = (error as Error).message.split(/:?\n/);
    throw new ConfigError(`${path} is no YAML: ${reason}`);
  }
  if (document === null || document === "") return new Map();
  if (typeof document !== "object" || Array.isArray(document)) {
    throw new ConfigError(`${path} must hold one setting a line, such as "region: eu-de"`);
  }
  const values = new Map<SettingKey, string>();
  for (const [key, value] of Object.entries(document)) {
    if (!isSettingKey(key)) {
      throw new ConfigError(
        `${path}: unknown setting ${JSON.stringify(key)}; known are ${Object.keys(settings).join(", ")}`,
      );
    }
    if (typeof value !== "string") {
      throw new ConfigError(`${path}: ${key} must be a single value, as ${settings[key].form}`);
    }
    values.set(key, value);
  }
  return values;
}

function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settings, key);
}

function optionalAddress<K extends string>(
  service: K,
  given: Given | undefined,
): Partial<Record<K, Address>> {
  if (given === undefined) return {};
  return { [service]: readAddress(given) } as Record<K, Address>;
}

function readAddress(given: Given): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/.exec(given.value);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    throw refused(given, "HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:8080 or [::1]:8080");
  }
  return { host, port };
}

/** Where the store is. What makes sense for a database alone is refused beside a file, rather than ignored. */
function readStore(
  store: Given | undefined,
  beside: {
    readonly ownPath: string;
    readonly workingDirectory: string;
    readonly directUrl: Given | undefined;
    readonly connections: Given | undefined;
  },
): StorePlace {
  const { ownPath, workingDirectory, directUrl, connections } = beside;
  if (store !== undefined && isPostgresUrl(store.value)) {
    const url = readPostgresUrl(store);
    return {
      kind: "postgres",
      url,
      directUrl: directUrl === undefined ? url : readPostgresUrl(directUrl),
      connections: connections === undefined ? 10 : readConnections(connections),
    };
  }
  const path = store?.value.startsWith("sqlite:") ? store.value.slice("sqlite:".length) : "";
  if (store !== undefined && path === "") {
    const form = "sqlite:PATH or postgres://USER@HOST/DATABASE";
    throw refused(withoutItsSecrets(store), form);
  }
  const alone = directUrl ?? connections;
  if (alone !== undefined) throw onlyWithPostgres(alone.name);
  return { kind: "sqlite", path: store === undefined ? ownPath : resolve(workingDirectory, path) };
}

/** Checks an address, which may hold a password: the refusal shows it without one. @throws ConfigError */
export function readPostgresUrl(given: Given): string {
  const fault = faultOfPostgresUrl(given.value);
  if (fault !== undefined) throw refused(withoutItsSecrets(given), fault);
  return given.value;
}

/**
 * An address as a refusal may show it. What is none is only shown where everybody sees it anyway, on the command line:
 * elsewhere it may be another secret, which somebody has confused with it.
 */
function withoutItsSecrets({ name, value }: Given): Given {
  const isOther = !name.startsWith("--") && !value.includes("://");
  return { name, value: isOther ? "…" : withoutSecrets(value) };
}

function onlyWithPostgres(name: string): ConfigError {
  return new ConfigError(`${name}: only a store in PostgreSQL has that; the store is an SQLite file`);
}

function readConnections(given: Given): number {
  const connections = /^[0-9]{1,3}$/.test(given.value) ? Number(given.value) : 0;
  if (connections < 1 || connections > 200) throw refused(given, "a number from 1 to 200");
  return connections;
}

function readWorkers(given: Given, store: StorePlace): number | "auto" {
  const workers = /^[0-9]{1,3}$/.test(given.value) ? Number(given.value) : 0;
  const isAuto = given.value === "auto";
  if (!isAuto && (workers < 1 || workers > 128)) throw refused(given, "a number from 1 to 128, or auto");
  // A file has one process that writes to it.
  if (store.kind === "sqlite" && workers !== 1) throw onlyWithPostgres(given.name);
  return isAuto ? "auto" : workers;
}

function readPublicUrl(given: Given): string {
  const url = URL.canParse(given.value) ? new URL(given.value) : undefined;
  const plain = url !== undefined && url.search === "" && url.hash === "" && url.username === "";
  if (!plain || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw refused(given, "an http or https address without user, query or fragment");
  }
  return url.href.replace(/\/+$/, "");
}

function readRegion(given: Given): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(given.value)) {
    throw refused(
      given,
      "1 to 63 letters, digits, dots, dashes or underscores, beginning with a letter or digit",
    );
  }
  return given.value;
}

function readUtcOffset(given: Given): number {
  const match = /^([+-])([0-9]{2})([0-9]{2})$/.exec(given.value);
  const hours = Number(match?.[2]);
  const minutes = Number(match?.[3]);
  if (match === null || hours > 14 || minutes > 59 || hours * 60 + minutes > 14 * 60) {
    throw refused(given, "an offset from -1400 to +1400, such as +0100");
  }
  return (match[1] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readDuration(
  given: Given,
  accepted: { readonly from: string; readonly to: string; readonly example: string },
): number {
  const { from, to, example } = accepted;
  const ms = durationMs(given.value);
  if (!(ms >= durationMs(from) && ms <= durationMs(to))) {
    throw refused(given, `a number with s, m, h or d, from ${from} to ${to}, such as ${example}`);
  }
  return ms;
}

/** NaN where the text is no duration. */
function durationMs(text: string): number {
  const [, count, unit = ""] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  return Number(count) * (unitMs[unit] ?? Number.NaN);
}

/** The value is a secret, so the refusal does not repeat it. */
function readEncryptionKey(given: Given | undefined): Buffer | undefined {
  if (given === undefined) return undefined;
  if (!/^[0-9a-f]{64}$/.test(given.value)) {
    throw new ConfigError(`${given.name} is not usable; give 64 hex digits in lower case`);
  }
  return Buffer.from(given.value, "hex");
}

/** The value is a secret here too. */
function readAdminPassword(given: Given | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (given.value.length < 8 || given.value.length > 256) {
    throw new ConfigError(`${given.name} is not usable; give 8 to 256 characters`);
  }
  return given.value;
}

/** What fits into `Authorization: Bearer`, and is no secret where it is short. */
function readMetricsToken(given: Given | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (!/^[!-~]{16,1024}$/.test(given.value)) {
    throw new ConfigError(
      `${given.name} is not usable; give 16 to 1024 printable ASCII characters without blanks`,
    );
  }
  return given.value;
}

function readProjectId(value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (!/^[0-9a-f]{32}$/.test(value)) {
    throw refused({ name: "TASKCENTER_PROJECT_ID", value }, "32 digits from 0-9 and a-f");
  }
  return value;
}
