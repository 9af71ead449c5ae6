import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../scripts/free-ports.ts";
import type { JsonObject } from "../../src/task/task.ts";
import type { Target } from "../load.ts";
import { pageSize } from "../scale/questions.ts";
import { type ServerProgram, startServer } from "../server-process.ts";
import { listDocument } from "./list-document.ts";
import { findRedis } from "./redis.ts";

/** What the peers are asked for, and what they are made of. */
export interface PeerQuestion {
  /** A page of the list as Task Center answers it: what the static servers repeat. */
  readonly page: JsonObject;
  /** The tasks of those servers that have some, in the words of that page. */
  readonly rows: readonly PeerRow[];
  /** The windows of creation times that are asked for in turns. */
  readonly windows: readonly Window[];
}

/** One row of the page, and when it was created as a number. */
export interface PeerRow extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly created_ms: number;
}

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where a peer finds its packages, and where it may write. */
export interface PeerPlace {
  readonly installed: string;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** A peer that answers. */
export interface RunningPeer extends AsyncDisposable {
  readonly target: Target;
  /** The same question as ours, in its words. */
  readonly paths: readonly string[];
  /** @throws Error where an answer is not the one that the question has. */
  check(answer: Response, path: string): Promise<void>;
}

/** A server of the field that answers lists of records. */
export interface Peer {
  readonly name: string;
  readonly rows: (question: PeerQuestion) => number;
  /** What it does of the question. */
  readonly answers: string;
  /** Starts it; answers why it cannot be measured here. */
  start(question: PeerQuestion, place: PeerPlace): Promise<RunningPeer | string>;
}

export const peers: readonly Peer[] = [
  {
    name: "json-server",
    rows: ({ rows }) => rows.length,
    answers: "window, exact total",
    start: startJsonServer,
  },
  { name: "Prism", rows: () => 0, answers: "one static page, checks the parameters", start: startPrism },
  { name: "Mockoon", rows: () => 0, answers: "one static page", start: startMockoon },
  { name: "BullMQ", rows: ({ rows }) => rows.length, answers: "no filter, exact total", start: startBullMq },
];

async function startJsonServer({ rows, windows }: PeerQuestion, place: PeerPlace): Promise<RunningPeer> {
  const file = join(place.scratch, "json-server.json");
  writeFileSync(file, JSON.stringify({ jobs: rows }));
  const port = await freePort();
  const program = join(place.installed, "node_modules/json-server/lib/cli/bin.js");
  const args = [program, file, "--host", "127.0.0.1", "--port", String(port), "--quiet"];
  const paths = windows.map(
    ({ fromMs, toMs }) =>
      `/jobs?created_ms_gte=${fromMs}&created_ms_lte=${toMs}&_sort=created_ms&_order=desc&_start=0&_limit=${pageSize}`,
  );
  return runPeer({ args, port, paths }, place, async (answer, path) => {
    const { searchParams } = new URL(path, answer.url);
    const from = Number(searchParams.get("created_ms_gte"));
    const to = Number(searchParams.get("created_ms_lte"));
    const matching = rows.filter(({ created_ms: created }) => created >= from && created <= to).length;
    const page = (await answer.json()) as readonly PeerRow[];
    expectEqual(page.length, Math.min(pageSize, matching));
    expectEqual(Number(answer.headers.get("x-total-count")), matching);
  });
}

async function startPrism(question: PeerQuestion, place: PeerPlace): Promise<RunningPeer> {
  const file = writeListDocument(question.page, place);
  const port = await freePort();
  const program = join(place.installed, "node_modules/@stoplight/prism-cli/dist/index.js");
  const args = [program, "mock", file, "-h", "127.0.0.1", "-p", String(port), "-v", "error", "--errors"];
  return runPeer({ args, port, paths: documentedPaths(question) }, place, expectPage(question.page));
}

async function startMockoon(question: PeerQuestion, place: PeerPlace): Promise<RunningPeer> {
  const file = writeListDocument(question.page, place);
  const port = await freePort();
  const program = join(place.installed, "node_modules/@mockoon/cli/bin/run.js");
  const address = ["-l", "127.0.0.1", "-p", String(port)];
  const args = [program, "start", "-d", file, ...address, "-X", "--disable-admin-api"];
  return runPeer({ args, port, paths: documentedPaths(question) }, place, expectPage(question.page));
}

async function startBullMq(question: PeerQuestion, place: PeerPlace): Promise<RunningPeer | string> {
  const { installed, scratch, signal } = place;
  await using stack = new AsyncDisposableStack();
  const redis = await findRedis(scratch, signal);
  if (redis === undefined) return "no Redis here";
  stack.use(redis);
  const file = join(scratch, "bullmq.ndjson");
  writeFileSync(file, question.rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const prefix = `taskcenter-bench-${process.pid}`;
  const args = [join(installed, "bullmq-server.js"), redis.url, prefix, file];
  const server = await startServer({ args, cwd: scratch, env: process.env }, signal);
  // By a signal that it hears: what it has put into the Redis goes with it.
  stack.use(server);
  stack.defer(() => server.stop());
  const open = stack.move();
  return {
    target: { ...server, headers: {} },
    paths: [`/?offset=0&limit=${pageSize}`],
    async check(answer) {
      const { jobs, total } = (await answer.json()) as { jobs: readonly unknown[]; total: number };
      expectEqual(jobs.length, pageSize);
      expectEqual(total, question.rows.length);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function runPeer(
  peer: { readonly args: readonly string[]; readonly port: number; readonly paths: readonly string[] },
  { scratch, signal }: PeerPlace,
  check: RunningPeer["check"],
): Promise<RunningPeer> {
  const { args, port, paths } = peer;
  const program: ServerProgram = { args, cwd: scratch, env: process.env, url: `http://127.0.0.1:${port}` };
  const server = await startServer(program, signal);
  return {
    target: { ...server, headers: tokenHeader },
    paths,
    check,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Any token will do: that it is there is what a server can check that knows only the document. */
const tokenHeader = { "x-auth-token": "a token" } as const;

function writeListDocument(page: JsonObject, { scratch }: PeerPlace): string {
  const file = join(scratch, "openapi.json");
  writeFileSync(file, JSON.stringify(listDocument(page)));
  return file;
}

function documentedPaths({ windows }: PeerQuestion): readonly string[] {
  return windows.map(
    ({ fromMs, toMs }) => `/v3/any/jobs?start_time=${fromMs}&end_time=${toMs}&offset=0&limit=${pageSize}`,
  );
}

function expectPage(page: JsonObject): RunningPeer["check"] {
  return async (answer) => expectEqual(JSON.stringify(await answer.json()), JSON.stringify(page));
}

function expectEqual<T>(actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`the peer answered ${actual}, not ${expected}`);
}
