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
type Places = Pick<Config, "dataDirectory" | "storePath">;

/** @throws ConfigError for a setting that can not be used. */
export function readPlaces({ config, data, store }: StoreOptions): Places {
  const flags = { ...(data !== undefined && { data }), ...(store !== undefined && { store }) };
  const sources = { flags, env: process.env, configFile: config, workingDirectory: process.cwd() };
  return readConfig(sources);
}

/** The same, of a store that is there. @throws ConfigError where there is none. */
export function readExistingPlaces(options: StoreOptions): Places {
  const places = readPlaces(options);
  if (existsSync(places.storePath)) return places;
  throw new ConfigError(`there is no store at ${places.storePath}; say with --data or --store where it is`);
}

/** The engine's code: no other command has to wait until it is loaded. */
export function loadUpkeep() {
  return import("../../store/sqlite/upkeep/index.ts");
}
