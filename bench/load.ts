import autocannon from "autocannon";
import { exchange } from "../src/client/http.ts";
import type { JsonObject } from "../src/task/task.ts";
import { percentile } from "./statistics.ts";
import type { Vitals } from "./vitals.ts";

/** Who is asked, the headers that open the door, and a way to see what the asking costs. */
export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  vitals(): Promise<Vitals>;
}

/** A request as autocannon builds it. With `setupRequest` it is built anew each time, just before it is sent. */
export type Request = autocannon.Request;

/** What is asked, by how many at once, and until when. */
export interface LoadPlan {
  readonly connections: number;
  /** The requests of one connection, sent in turns; called once for each connection, from 0. */
  readonly requestsOf: (connection: number) => Request[];
  /** So many seconds after the first answer, or so many answers in all: at least one for each connection. */
  readonly until: { readonly seconds: number } | { readonly answers: number };
}

/** What came of it. */
export interface Load {
  readonly answers: number;
  /** The rate between the first answer and the last: connecting and stopping are not in it. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The CPU time that one answer has cost the server. */
  readonly cpuMicros: number;
  /** Which share of the time the server was busy, from 0 to 1: how far the load has brought it to its limit. */
  readonly busy: number;
}

/** The load is stopped by its answers; this is only the bound that autocannon wants. */
const longestSeconds = 3600;

/**
 * Loads a server over keep-alive connections, each with one request in flight.
 *
 * @throws Error on the first answer that is no 2xx, and on the first that does not come.
 */
export async function load(target: Target, plan: LoadPlan): Promise<Load> {
  const before = await target.vitals();
  const latenciesMs: number[] = [];
  let firstMs = 0;
  let lastMs = 0;
  let connection = 0;
  let failure: string | undefined;
  await new Promise<void>((resolve, reject) => {
    const running = autocannon(
      {
        url: target.url,
        headers: target.headers,
        connections: plan.connections,
        ...("answers" in plan.until ? { amount: plan.until.answers } : { duration: longestSeconds }),
        setupClient: (client) => client.setRequests(plan.requestsOf(connection++)),
        bailout: 1,
        // How often it looks whether it is done, in milliseconds. Its own statistics, which need a longer sample
        // and know whole milliseconds only, are not used.
        sampleInt: 10,
        skipAggregateResult: true,
      },
      (error) => (error ? reject(error) : resolve()),
    );
    running.on("response", (_client, status, _bytes, tookMs) => {
      lastMs = performance.now();
      if (latenciesMs.length === 0) firstMs = lastMs;
      latenciesMs.push(tookMs);
      if (status < 200 || status > 299) failure ??= `an answer had the status ${status}`;
      const isOver = "seconds" in plan.until && lastMs - firstMs >= plan.until.seconds * 1000;
      if (isOver || failure !== undefined) running.stop();
    });
    running.on("reqError", (error: Error) => {
      failure ??= error.message;
    });
  });
  if ("answers" in plan.until && latenciesMs.length < plan.until.answers) {
    failure ??= `only ${latenciesMs.length} answers came`;
  }
  if (failure !== undefined) throw new Error(`the load on ${target.url} failed: ${failure}`);
  const after = await target.vitals();
  const busyMs = after.busyMs - before.busyMs;
  return {
    answers: latenciesMs.length,
    perSecond: (latenciesMs.length - 1) / ((lastMs - firstMs) / 1000),
    p50Ms: percentile(latenciesMs, 50),
    p99Ms: percentile(latenciesMs, 99),
    cpuMicros: ((after.cpuMs - before.cpuMs) * 1000) / latenciesMs.length,
    busy: busyMs / (busyMs + after.idleMs - before.idleMs),
  };
}

/** Asks once, and answers the body and its size. @throws ApiError, ConnectionError */
export async function ask(server: Target, path: string): Promise<{ body: JsonObject; bytes: number }> {
  const { body, headers } = await exchange({
    method: "GET",
    url: server.url + path,
    headers: server.headers,
    repeatable: false,
    timeoutMs: 10_000,
    signal: undefined,
  });
  return { body: body as JsonObject, bytes: Number(headers.get("content-length")) };
}
