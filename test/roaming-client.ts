import { setTimeout as wait } from "node:timers/promises";
import { below, type Random } from "../bench/scale/random.ts";
import type { GroupServer } from "./server-group.ts";
import type { Answer } from "./start-server.ts";

/** What is asked of whichever server. */
export interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request to one server, and what came of it. */
export interface Exchange {
  readonly server: GroupServer;
  readonly asked: Asked;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Undefined where the connection was refused or cut off, or the answer did not come in time. */
  readonly answer: Answer | undefined;
  /** Whether the server cannot have seen the request. */
  readonly isRefused: boolean;
  /** Whether the client had no patience to wait for the answer. */
  readonly isGivenUp: boolean;
}

/** What came of a request that was made of one server after another. */
export interface Settled {
  /** What the last one answered; undefined where nobody may ask again, or there was no time to. */
  readonly answer: Answer | undefined;
  /** Whether an attempt without an answer may have been carried out, or may still be. */
  readonly isUncertain: boolean;
}

/** A client as it is behind no balancer: it asks any server, and goes to another one where one does not answer. */
export interface RoamingClient {
  /** Asks one server once, and waits for its answer as long as it is said, or as long as it likes. */
  ask(server: GroupServer, asked: Asked, patienceMs?: number): Promise<Exchange>;
  /** Asks any server; where that does not answer, another one, unless the request may be made only once. */
  settle(asked: Asked, options?: { readonly onlyOnce?: boolean }): Promise<Settled>;
}

/** How long a client waits for an answer: mostly less than a server for its database, sometimes more. */
const patience = { leastMs: 1500, mostMs: 12_000 };
/** For how long a client asks others after a server did not answer. */
const avoidanceMs = 4000;

export function createRoamingClient(parts: {
  readonly servers: readonly GroupServer[];
  readonly random: Random;
  /** Told of each exchange. */
  readonly onExchange: (exchange: Exchange) => void;
  /** Ends the asking of one server after another. */
  readonly stopping: AbortSignal;
}): RoamingClient {
  const { servers, random, onExchange, stopping } = parts;
  const avoidedUntilMs = new Map<GroupServer, number>();

  function pick(): GroupServer {
    const nowMs = performance.now();
    const liked = servers.filter((server) => (avoidedUntilMs.get(server) ?? 0) <= nowMs);
    const from = liked.length > 0 ? liked : servers;
    return from[below(from.length, random)] as GroupServer;
  }

  function choosePatience(): number {
    return patience.leastMs + Math.floor((patience.mostMs - patience.leastMs) * random() ** 4);
  }

  async function ask(server: GroupServer, asked: Asked, patienceMs = choosePatience()): Promise<Exchange> {
    const startedMs = performance.now();
    const came = await exchange(server.url(), asked, AbortSignal.timeout(patienceMs));
    const ended: Exchange = { server, asked, startedMs, endedMs: performance.now(), ...came };
    onExchange(ended);
    return ended;
  }

  return {
    ask,

    async settle(asked, { onlyOnce = false } = {}) {
      for (let isUncertain = false; ; ) {
        const server = pick();
        const { answer, isRefused } = await ask(server, asked);
        if (answer !== undefined && answer.status < 500) return { answer, isUncertain };
        avoidedUntilMs.set(server, performance.now() + avoidanceMs);
        isUncertain ||= !isRefused;
        if ((isUncertain && onlyOnce) || stopping.aborted) return { answer: undefined, isUncertain };
        await wait(20);
      }
    },
  };
}

async function exchange(
  url: string,
  { path, method, body, token, headers }: Asked,
  signal: AbortSignal,
): Promise<Pick<Exchange, "answer" | "isRefused" | "isGivenUp">> {
  try {
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...(token === undefined ? {} : { "x-auth-token": token }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "") && text !== "";
    const json = isJson ? JSON.parse(text) : undefined;
    return {
      answer: { status: response.status, headers: response.headers, text, json },
      isRefused: false,
      isGivenUp: false,
    };
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    return {
      answer: undefined,
      isRefused: cause?.code === "ECONNREFUSED",
      isGivenUp: signal.aborted,
    };
  }
}
