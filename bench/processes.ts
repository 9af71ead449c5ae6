import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { requestToken } from "../src/client/login.ts";
import type { Target } from "./load.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** The project of every server that is measured: the only one, or the one with most tasks. */
export const projectId = "0483b6b16e954cb88930a360d2c4e663";
export const adminPassword = "correct horse battery";

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));
const bareServer = fileURLToPath(new URL("bare-server.ts", import.meta.url));

/** How a Task Center is started that is to be measured. */
export interface TaskCenterStart {
  readonly settings?: readonly string[];
  /** The PostgreSQL database that it stores in; without one it does so in its data folder. */
  readonly databaseUrl?: string | undefined;
}

/**
 * Starts Task Center as its user does, with some settings. Those in the environment of whoever measures do not reach it.
 * The address of a database may hold a password, so it is no argument that anybody sees.
 */
export function startTaskCenter(
  directory: string,
  signal: AbortSignal,
  { settings = [], databaseUrl }: TaskCenterStart = {},
): Promise<ServerProcess> {
  mkdirSync(directory, { recursive: true });
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("TASKCENTER_"));
  return startServer(
    {
      args: [launcher, "serve", "--listen", "127.0.0.1:0", "--data", directory, ...settings],
      cwd: directory,
      env: {
        ...Object.fromEntries(others),
        TASKCENTER_ADMIN_PASSWORD: adminPassword,
        TASKCENTER_PROJECT_ID: projectId,
        ...(databaseUrl === undefined ? {} : { TASKCENTER_STORE: databaseUrl }),
      },
    },
    signal,
  );
}

/** Logs in at a Task Center that this started, for a project. */
export async function logIn({ url, vitals }: ServerProcess, project: string = projectId): Promise<Target> {
  const login = {
    authUrl: url,
    user: { name: "admin", domain: { id: "default" } },
    password: adminPassword,
  };
  const limits = { timeoutMs: 10_000, signal: undefined };
  const { token } = await requestToken(login, { project: { id: project } }, limits);
  return { url, headers: { "x-auth-token": token }, vitals };
}

/** Starts the bare server that everything is held against. */
export function startBareServer(signal: AbortSignal): Promise<ServerProcess> {
  return startServer({ args: [bareServer], cwd: process.cwd(), env: process.env }, signal);
}
