import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { readConfig, type SettingKey } from "../src/config.ts";
import { type RunningServer, startServer as startRealServer } from "../src/server.ts";
import { type Clock, systemClock } from "../src/task/clock.ts";

/** The password of user admin on every server of a test. */
export const adminPassword = "correct horse battery";
/** The project of every server of a test. */
export const projectId = "0483b6b16e954cb88930a360d2c4e663";

/** A server of a test's own: its address, a token of its admin, and calls that carry it. */
export interface TestServer {
  readonly url: string;
  readonly serviceUrls: RunningServer["serviceUrls"];
  readonly directory: string;
  readonly cloudsFile: string;
  readonly token: string;
  /** Every line that the server has logged so far. */
  readonly logged: readonly string[];
  /** Calls a path with the token; the body, if any, is sent as JSON. */
  call(path: string, options?: CallOptions): Promise<Answer>;
  /** The same server with a new token of its admin, where the clock has passed the first one's end. */
  withNewToken(): Promise<TestServer>;
  readonly nowMs: Clock;
  /** Stops the server, and leaves its data folder for another one. */
  stop(): Promise<void>;
  /** Stops the server, and removes its data folder. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Another token; null for none. */
  readonly token?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the wire gave, and fails where it is not there
  readonly json: any;
}

/** Starts the real server in this process, on a free port and a new data folder, with a clock that a test may set. */
export async function startServer(
  options: {
    readonly clock?: Clock;
    readonly flags?: Partial<Record<SettingKey, string>>;
    /** Variables beside those that every test has. */
    readonly env?: Readonly<Record<string, string>>;
    /** The data folder of a server that was stopped. */
    readonly directory?: string;
    /** Other files of the web console than those that are built. */
    readonly webDirectory?: string;
  } = {},
): Promise<TestServer> {
  const { clock = systemClock, directory = mkdtempSync(join(tmpdir(), "taskcenter-test-")) } = options;
  const logged: string[] = [];
  const config = readConfig({
    flags: { listen: "127.0.0.1:0", data: directory, ...options.flags },
    env: { TASKCENTER_ADMIN_PASSWORD: adminPassword, TASKCENTER_PROJECT_ID: projectId, ...options.env },
    configFile: undefined,
    workingDirectory: directory,
  });
  const server = await startRealServer({
    config,
    clock,
    logTo: { write: (line) => logged.push(line) },
    ...(options.webDirectory !== undefined && { webDirectory: options.webDirectory }),
  });
  const withToken = (token: string): TestServer => ({
    url: server.url,
    serviceUrls: server.serviceUrls,
    directory,
    cloudsFile: join(directory, "clouds.yaml"),
    token,
    logged,
    nowMs: clock,
    call: (path, call = {}) => callServer(server.url + path, { token, ...call }),
    withNewToken: async () => withToken(await logIn(server.url)),
    stop: () => server.close(),
    async close() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  });
  return withToken(await logIn(server.url));
}

/** A server process of a test's own, started as its user starts it. */
export interface TestProcess {
  readonly url: string;
  /** The addresses of the services' own listeners. */
  readonly serviceUrls: RunningServer["serviceUrls"];
  readonly directory: string;
  readonly cloudsFile: string;
  readonly process: ChildProcess;
  /** Everything that it has written to stdout and stderr so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Ends it with a signal, and answers its exit code and how long that took. */
  stop(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));

/** Starts the program as a process of its own; resolves when it says that it listens. */
export async function startServerProcess(options: {
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}): Promise<TestProcess> {
  const { directory, args = [] } = options;
  const child = spawn(
    process.execPath,
    [launcher, "serve", "--listen", "127.0.0.1:0", "--data", directory, ...args],
    {
      cwd: directory,
      env: {
        ...process.env,
        TASKCENTER_ADMIN_PASSWORD: adminPassword,
        TASKCENTER_PROJECT_ID: projectId,
        ...options.env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const written = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text) => {
    written.stderr += text;
  });
  const listeners = 1 + args.filter((arg) => arg.startsWith("--listen-")).length;
  const urls = await new Promise<Record<string, string>>((resolve, reject) => {
    const found: Record<string, string> = {};
    createInterface({ input: child.stdout }).on("line", (line) => {
      written.stdout += `${line}\n`;
      const [, url, service = "all"] = /^listening on (\S+)(?: \((\w+)\))?$/.exec(line) ?? [];
      if (url !== undefined) found[service] = url;
      if (Object.keys(found).length === listeners) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${written.stderr}`)));
  });
  const { all: url = "", ...serviceUrls } = urls;
  return {
    url,
    serviceUrls,
    directory,
    cloudsFile: join(directory, "clouds.yaml"),
    process: child,
    output: () => ({ ...written }),
    async stop(signal = "SIGTERM") {
      const startedMs = performance.now();
      const ended = new Promise<number | null>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
        else child.once("exit", resolve);
      });
      child.kill(signal);
      return { code: await ended, tookMs: performance.now() - startedMs };
    },
  };
}

/** Logs in as admin of the test's project, and answers the token. */
export async function logIn(url: string, scope?: unknown): Promise<string> {
  const answer = await callServer(`${url}/v3/auth/tokens`, {
    method: "POST",
    token: null,
    body: {
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "admin", domain: { id: "default" }, password: adminPassword } },
        },
        scope: scope ?? { project: { id: projectId } },
      },
    },
  });
  const token = answer.headers.get("x-subject-token");
  if (answer.status !== 201 || token === null) throw new Error(`the login failed: ${answer.text}`);
  return token;
}

/** The password in a `clouds.yaml`, where a test lets the server choose it. */
export function passwordIn(cloudsFile: string): string {
  return parse(readFileSync(cloudsFile, "utf8")).clouds.taskcenter.auth.password;
}

/** Calls an address and reads the whole answer. */
export async function callServer(url: string, options: CallOptions = {}): Promise<Answer> {
  const { method, body, token } = options;
  const response = await fetch(url, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    redirect: "manual",
    headers: {
      ...(typeof token === "string" ? { "x-auth-token": token } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "") && text !== "";
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}
