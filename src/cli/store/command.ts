import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { type Config, ConfigError, readConfig, type Setting, settings } from "../../config.ts";

/** The settings that say where the store is, as a command is given them. */
export interface StoreOptions {
  readonly config?: string;
  readonly data?: string;
  readonly store?: string;
}

/** A command on the store of this machine. */
export function commandOnStore(name: string): Command {
  const command = new Command(name).option(
    "--config <FILE>",
    "read settings from this file instead of ./taskcenter.yaml",
  );
  for (const key of ["data", "store"] as const) {
    const { form, description, env }: Setting = settings[key];
    command.addOption(new Option(`--${key} <${form}>`, `${description} (${env})`));
  }
  return command;
}

/** Where a server's files are, or are to be. */
export interface Places {
  readonly dataDirectory: string;
  readonly storePath: string;
}

/** @throws ConfigError for a setting that cannot be used, and where the store is no file. */
export function readPlaces(options: StoreOptions): Places {
  const { dataDirectory, store } = readSettings(options);
  if (store.kind === "sqlite") return { dataDirectory, storePath: store.path };
  throw new ConfigError(
    "this command works on a store in an SQLite file, and the store is in PostgreSQL; " +
      "back up and restore that with PostgreSQL's own tools, such as pg_dump and pg_restore: docs/operations/backup.md",
  );
}

/** Where a store is that is there: in a file, or in a database, which is reached past any pooler. */
export type ExistingStore =
  | { readonly kind: "sqlite"; readonly storePath: string }
  | { readonly kind: "postgres"; readonly url: string };

/** @throws ConfigError for a setting that cannot be used, and where there is no such file. */
export function readExistingStore(options: StoreOptions): ExistingStore {
  const { store } = readSettings(options);
  return store.kind === "postgres"
    ? { kind: "postgres", url: store.directUrl }
    : { kind: "sqlite", storePath: readExistingPlaces(options).storePath };
}

/** Every setting as serve reads it; these flags win over the file and the environment. */
export function readSettings({ config, data, store }: StoreOptions): Config {
  const flags = { ...(data !== undefined && { data }), ...(store !== undefined && { store }) };
  return readConfig({ flags, env: process.env, configFile: config, workingDirectory: process.cwd() });
}

/** The same, of a store that is there. @throws ConfigError where there is none. */
export function readExistingPlaces(options: StoreOptions): Places {
  const places = readPlaces(options);
  if (existsSync(places.storePath)) return places;
  throw new ConfigError(`there is no store at ${places.storePath}; say with --data or --store where it is`);
}

/** The engines' code: no other command has to wait until it is loaded. */
export function loadUpkeep() {
  return import("../../store/sqlite/upkeep/index.ts");
}

export function loadPostgresUpkeep() {
  return import("../../store/postgres/upkeep.ts");
}
