import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { ConfigError } from "../config.ts";

/** What can be said of a cloud, by the keys of `clouds.yaml`; an environment variable adds `OS_` and capitals. */
export const cloudKeys = [
  "auth_type",
  "auth_url",
  "username",
  "user_id",
  "user_domain_name",
  "user_domain_id",
  "password",
  "project_name",
  "project_id",
  "project_domain_name",
  "project_domain_id",
  "region_name",
  "interface",
] as const;
export type CloudKey = (typeof cloudKeys)[number];
export type CloudSettings = Readonly<Partial<Record<CloudKey, string>>>;

/** Collects what a source says of a cloud. An empty value is none. */
export function cloudSettings(read: (key: CloudKey) => string | undefined): CloudSettings {
  const settings: Partial<Record<CloudKey, string>> = {};
  for (const key of cloudKeys) {
    const value = read(key);
    if (value !== undefined && value !== "") settings[key] = value;
  }
  return settings;
}

/** The places of `clouds.yaml`: the first that exists counts. A file that is named is the only place. */
export function cloudsFiles(places: {
  readonly namedFile: string | undefined;
  readonly workingDirectory: string;
  readonly dataDirectory: string | undefined;
  readonly homeDirectory: string;
  readonly systemDirectory: string;
}): readonly string[] {
  const { namedFile, workingDirectory, dataDirectory = "taskcenter-data" } = places;
  if (namedFile !== undefined) return [resolve(workingDirectory, namedFile)];
  return [
    resolve(workingDirectory, "clouds.yaml"),
    resolve(workingDirectory, dataDirectory, "clouds.yaml"),
    join(places.homeDirectory, ".config/openstack/clouds.yaml"),
    join(places.systemDirectory, "openstack/clouds.yaml"),
  ];
}

/** One cloud of a file. */
export interface Cloud {
  readonly settings: CloudSettings;
  /** Where it stands, for messages. */
  readonly origin: string;
}

/**
 * Answers a cloud of the first file that exists: the named one, or the only one. Undefined where no file exists.
 *
 * @throws ConfigError where the file cannot be read, or has no such cloud. Nothing of its text is in the message, which
 * may hold a password.
 */
export function readCloud(files: readonly string[], cloudName: string | undefined): Cloud | undefined {
  for (const file of files) {
    const text = readIfPresent(file);
    if (text !== undefined) return cloudIn(file, text, cloudName);
  }
  return undefined;
}

function cloudIn(file: string, text: string, cloudName: string | undefined): Cloud {
  const clouds = mapIn(parseFile(file, text), "clouds");
  const name = cloudName ?? (clouds.size === 1 ? [...clouds.keys()][0] : undefined);
  if (name === undefined || !clouds.has(name)) {
    const names = [...clouds.keys()].join(", ") || "none";
    throw new ConfigError(
      name === undefined
        ? `set OS_CLOUD to one of the clouds in ${file}: ${names}`
        : `OS_CLOUD: ${file} has no cloud ${JSON.stringify(name)}; its clouds: ${names}`,
    );
  }
  const cloud = mapIn(clouds, name);
  const auth = mapIn(cloud, "auth");
  return {
    settings: cloudSettings((key) => textIn(auth, key) ?? textIn(cloud, key)),
    origin: `cloud ${JSON.stringify(name)} in ${file}`,
  };
}

/** Every scalar is read as text, so that a password of digits stays what it is. */
function parseFile(file: string, text: string): unknown {
  try {
    return parse(text, { schema: "failsafe", mapAsMap: true, prettyErrors: false });
  } catch (error) {
    const end = error instanceof YAMLParseError ? error.pos[0] : text.length;
    throw new ConfigError(`${file} is no usable YAML: see line ${text.slice(0, end).split("\n").length}`);
  }
}

function mapIn(value: unknown, key: string): ReadonlyMap<string, unknown> {
  const member = value instanceof Map ? value.get(key) : undefined;
  return member instanceof Map ? member : new Map();
}

function textIn(map: ReadonlyMap<string, unknown>, key: string): string | undefined {
  const value = map.get(key);
  return typeof value === "string" ? value : undefined;
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ConfigError(`${file} cannot be read: ${code}`);
  }
}
