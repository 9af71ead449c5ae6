import { setTimeout as pause } from "node:timers/promises";
import { describeLoads, type Finding, percent, perSecond } from "./finding.ts";
import type { Login } from "./identity.ts";
import { load, type Target } from "./load.ts";
import { projectId } from "./processes.ts";
import { readers } from "./reads.ts";
import { type Answer, send } from "./send.ts";
import type { Size } from "./sizes.ts";
import { median, percentile } from "./statistics.ts";

/** How long whoever was told to come back stays away: a part of the time in which the queue empties. */
const comeBackMs = 500;

const path = "/v3/auth/tokens";

/** Users of whom the server has not seen the password yet. Each can be had once. */
export interface Newcomers {
  /** @throws Error where there are no more. */
  next(): Login;
  /** Puts one back whose password was not looked at. */
  giveBack(login: Login): void;
}

export function newcomersOf(logins: readonly Login[]): Newcomers {
  const waiting = [...logins];
  return {
    next() {
      const login = waiting.pop();
      if (login === undefined) throw new Error("everybody has logged in");
      return login;
    },
    giveBack: (login) => waiting.push(login),
  };
}

/** Somebody who is not known by this password. */
export function mistaken({ name }: Login): Login {
  return { name, password: "as bad as any" };
}

/** Logs in once. @throws Error on any answer but the expected one, and 429. */
export async function tryLogin(server: Target, login: Login, expected: 201 | 401): Promise<Answer> {
  const answer = await send({ ...server, headers: {} }, { method: "POST", path, body: loginBody(login) });
  if (answer.status !== expected && answer.status !== 429) {
    throw new Error(`the login of ${login.name} had the status ${answer.status}, not ${expected}`);
  }
  return answer;
}

/**
 * Measures how many logins a second are answered: those of users whose password this server has just seen, and those
 * that have to be hashed, which a right and a wrong password have alike where nobody knows the user yet.
 */
export async function measureLogins(
  server: Target,
  parties: { readonly regular: Login; readonly newcomers: Newcomers; readonly size: Size },
): Promise<readonly Finding[]> {
  const { regular, newcomers, size } = parties;
  await tryLogin(server, regular, 201);
  const crowd = Array.from({ length: size.loginsAtOnce }, () => newcomers.next());
  return [
    await measureRecognised(server, regular, size),
    await measureCrowd("new users", { server, crowd, expected: 201 }),
    await measureCrowd("wrong passwords", { server, crowd: crowd.map(mistaken), expected: 401 }),
  ];
}

async function measureRecognised(server: Target, login: Login, size: Size): Promise<Finding> {
  const request = {
    method: "POST",
    path,
    headers: { "content-type": "application/json" },
    body: loginBody(login),
  } as const;
  const loads = [];
  for (let round = 0; round < size.readRounds; round += 1) {
    loads.push(
      await load(
        { ...server, headers: {} },
        { connections: readers, requestsOf: () => [request], until: { seconds: size.readSeconds } },
      ),
    );
  }
  return { what: `logins, same user, ${readers} at once`, ...describeLoads(loads) };
}

/** Lets everybody of a crowd log in at once. Who is told to come back does so until the password was looked at. */
async function measureCrowd(
  who: string,
  asked: { readonly server: Target; readonly crowd: readonly Login[]; readonly expected: 201 | 401 },
): Promise<Finding> {
  const { server, crowd, expected } = asked;
  const before = await server.vitals();
  const startedMs = performance.now();
  let refused = 0;
  const enter = async (login: Login): Promise<Answer> => {
    const answer = await tryLogin(server, login, expected);
    if (answer.status === expected) return answer;
    refused += 1;
    await pause(comeBackMs);
    return enter(login);
  };
  const latenciesMs = (await Promise.all(crowd.map(enter))).map(({ tookMs }) => tookMs);
  const tookMs = performance.now() - startedMs;
  const after = await server.vitals();
  return {
    what: `logins, ${who}, ${crowd.length} at once, ${percent(refused / (refused + crowd.length))} refused`,
    figure: perSecond(crowd.length / (tookMs / 1000)),
    latency: { p50Ms: median(latenciesMs), p99Ms: percentile(latenciesMs, 99) },
    cpuMicros: ((after.cpuMs - before.cpuMs) * 1000) / crowd.length,
  };
}

function loginBody({ name, password }: Login): string {
  return JSON.stringify({
    auth: {
      identity: { methods: ["password"], password: { user: { name, domain: { id: "default" }, password } } },
      scope: { project: { id: projectId } },
    },
  });
}
