import { systemClock } from "../src/task/clock.ts";
import { atMost, type Finding, percent, perSecond, timesIdle } from "./finding.ts";
import type { Login } from "./identity.ts";
import type { Target } from "./load.ts";
import { mistaken, type Newcomers, tryLogin } from "./logins.ts";
import { keepPace } from "./pace.ts";
import { ddmListNow } from "./reads.ts";
import { type Answer, send } from "./send.ts";
import type { Size } from "./sizes.ts";
import { percentile } from "./statistics.ts";

/** Moderate, a small part of what the server can do: the latency of a saturated server tells of its own load alone. */
export const listsPerSecond = 200;
export const loginsPerSecond = 20;
/** How many times as long as on an idle server a list may take while people log in. */
const idleAim = 3;

/** How many newcomers all rounds need at most: every other login that has to be hashed is a newcomer's. */
export function newcomersDuringLists({ pacedRounds, pacedSeconds }: Size): number {
  return Math.ceil((pacedRounds * loginsPerSecond * pacedSeconds) / 2);
}

/** What is answered while lists are. */
interface Round {
  readonly lists: readonly Answer[];
  readonly logins: readonly Answer[];
}

/**
 * Measures the latency of a list at a steady pace: on a server that does nothing else, during logins of one user again
 * and again, and during logins that have to be hashed; in turns, all rounds of each taken together.
 */
export async function measureListsDuringLogins(
  server: Target,
  parties: { readonly regular: Login; readonly newcomers: Newcomers; readonly size: Size },
): Promise<readonly Finding[]> {
  const { regular, newcomers, size } = parties;
  const path = ddmListNow(systemClock());
  const seconds = size.pacedSeconds;

  async function list(): Promise<Answer> {
    const answer = await send(server, { method: "GET", path });
    if (answer.status !== 200) throw new Error(`a list had the status ${answer.status}`);
    return answer;
  }

  /** In turns a right password that nobody has seen before, and a wrong one. */
  async function logInCold(n: number): Promise<Answer> {
    if (n % 2 === 1) return tryLogin(server, mistaken(regular), 401);
    const login = newcomers.next();
    const answer = await tryLogin(server, login, 201);
    if (answer.status === 429) newcomers.giveBack(login);
    return answer;
  }

  async function measureRound(logIn: ((n: number) => Promise<Answer>) | undefined): Promise<Round> {
    const [lists, logins] = await Promise.all([
      keepPace({ perSecond: listsPerSecond, seconds }, list),
      logIn === undefined ? [] : keepPace({ perSecond: loginsPerSecond, seconds }, logIn),
    ]);
    return { lists, logins };
  }

  const idle: Round[] = [];
  const recognised: Round[] = [];
  const cold: Round[] = [];
  for (let round = 0; round < size.pacedRounds; round += 1) {
    idle.push(await measureRound(undefined));
    recognised.push(await measureRound(() => tryLogin(server, regular, 201)));
    cold.push(await measureRound(logInCold));
  }

  const idleMs = listLatency(idle);
  const during = (rounds: readonly Round[], what: string): Finding => {
    const latency = listLatency(rounds);
    const ratio = latency.p99Ms / idleMs.p99Ms;
    return { what, figure: timesIdle(ratio), latency, aim: atMost(idleAim, ratio, timesIdle) };
  };
  const logins = perSecond(loginsPerSecond);
  return [
    { what: "DDM task list p99, idle", figure: perSecond(listsPerSecond), latency: idleMs },
    during(recognised, `DDM task list p99, ${logins} logins, same user`),
    during(cold, `DDM task list p99, ${logins} cold logins, ${percent(refusedShare(cold))} refused`),
  ];
}

function listLatency(rounds: readonly Round[]): { readonly p50Ms: number; readonly p99Ms: number } {
  const latenciesMs = rounds.flatMap(({ lists }) => lists.map(({ tookMs }) => tookMs));
  return { p50Ms: percentile(latenciesMs, 50), p99Ms: percentile(latenciesMs, 99) };
}

function refusedShare(rounds: readonly Round[]): number {
  const logins = rounds.flatMap((round) => round.logins);
  return logins.filter(({ status }) => status === 429).length / logins.length;
}
