import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { seededRandom } from "../bench/scale/random.ts";
import { checkCounts } from "../src/store/postgres/check-counts.ts";
import { openSession } from "../src/store/postgres/session.ts";
import { type Acknowledged, type Fate, judge, nothingAcknowledged } from "./acknowledged.ts";
import { changeRights } from "./changing-rights.ts";
import { loadAtRandom, type SharedTasks } from "./random-load.ts";
import { createRoamingClient, type Exchange, type RoamingClient } from "./roaming-client.ts";
import { anyTask, type GroupServer, type Place, type ServerGroup, until } from "./server-group.ts";
import { assertCountsOf, readStanding, type StandingTask } from "./standing-tasks.ts";
import { callServer } from "./start-server.ts";

const seed = 20_260_301;
const clients = 6;

/**
 * How long a server may take to say that it has no database, and any other one to answer in the meantime. A statement
 * without an answer is given up after eight seconds; the rest is for a machine that does much else.
 */
const noticeMs = 15_000;
/** How long a server may take until it works again after its fault has gone. */
const recoveryMs = 10_000;

/** A time in which a server may fail; every one, where none is named. */
interface Fault {
  readonly server: GroupServer | undefined;
  readonly startedMs: number;
  endedMs: number;
}

/**
 * Brings faults over servers that are under load from many clients. Nothing that was acknowledged is lost, nothing is
 * done twice, everything is counted, rights that were taken away are gone, and the others answer all the while.
 */
export async function assertSoundUnderFaults(
  group: ServerGroup,
  places: readonly [Place, Place],
): Promise<void> {
  const { servers } = group;
  const before = await Promise.all(places.map((place) => standingIn(servers[0], place)));
  const acknowledged = nothingAcknowledged();
  const findings: string[] = [];
  const exchanges: Exchange[] = [];
  const faults: Fault[] = [];
  const stop = new AbortController();
  const common = {
    acknowledged,
    onFinding: (finding: string) => findings.push(finding),
    stopping: stop.signal,
  };
  const roam = (random: () => number) =>
    createRoamingClient({
      servers,
      random,
      onExchange: (exchange) => exchanges.push(exchange),
      stopping: stop.signal,
    });
  const client = roam(seededRandom(seed - 1));
  const shared = places.map((): SharedTasks => ({ begun: 0, ids: [], revisions: new Map() }));
  const loads = Array.from({ length: clients }, (_, index) => {
    const random = seededRandom(seed + index);
    const place = places[index % 2] as Place;
    // Two clients of one name, each in a project of its own, want the same ids.
    const name = `client${Math.floor(index / 2)}`;
    const inCommon = shared[index % 2] as SharedTasks;
    return loadAtRandom({ ...common, ...place, name, client: roam(random), random, shared: inCommon });
  });
  const rights = changeRights({ ...common, ...places[0], servers, client });
  const looks = servers.map((server) => keepLooking(server, { ...places[1], client, stopping: stop.signal }));
  const working = Promise.all([rights, ...loads, ...looks]);
  // What it throws is thrown below, when the faults are over.
  working.catch(() => {});
  try {
    await haveFaults(group, faults, { place: places[0], acknowledged });
  } finally {
    stop.abort();
    await Promise.allSettled([rights, ...loads, ...looks]);
  }
  const [rounds] = await working;
  assert.deepEqual(findings, []);
  assertOthersAnswered(exchanges, faults);
  for (const [right, times] of Object.entries(rounds)) assert.ok(times > 0, `no round of ${right} was whole`);
  const lost = exchanges.filter(({ answer, isRefused }) => answer === undefined && !isRefused);
  assert.ok(lost.length > 5, "hardly an answer was lost");

  const standing = await untilQuiet(() => Promise.all(places.map((place) => standingIn(servers[1], place))));
  const known = new Set(before.flat().map(({ task: { id } }) => id));
  const ofLoad = standing.flat().filter(({ task: { id } }) => !known.has(id));
  assert.deepEqual(judge(acknowledged, ofLoad), []);
  for (const server of servers) {
    for (const [index, place] of places.entries()) {
      await assertCountsOf({ ...place, url: server.url() }, standing[index] ?? []);
    }
  }
  const session = openSession({
    url: group.database.url,
    connections: 1,
    statementMs: 30_000,
    onTrouble() {},
  });
  try {
    const wrong: string[] = [];
    for await (const finding of checkCounts(session)) wrong.push(finding);
    assert.deepEqual(wrong, []);
  } finally {
    await session.close();
  }
}

/** How long somebody waits who wants to see how long an answer takes. */
const longPatienceMs = 30_000;

/** Looks at a list of one server, again and again, with the patience to see how long an answer takes. */
async function keepLooking(
  server: GroupServer,
  parts: Place & { readonly client: RoamingClient; readonly stopping: AbortSignal },
): Promise<void> {
  const { projectId: id, token, client, stopping } = parts;
  while (!stopping.aborted) {
    await client.ask(server, { path: `/v1/${id}/tasks?limit=3`, token }, longPatienceMs);
    await wait(100);
  }
}

function standingIn(server: GroupServer, place: Place): Promise<readonly StandingTask[]> {
  return readStanding({ ...place, url: server.url() });
}

/** What a server did not answer in time it may still do: reads until nothing moves any more. */
async function untilQuiet<T>(read: () => Promise<T>): Promise<T> {
  let last = await read();
  return until(async () => {
    await wait(500);
    const now = await read();
    const isQuiet = JSON.stringify(now) === JSON.stringify(last);
    last = now;
    return isQuiet ? now : undefined;
  }, 20_000);
}

/** Brings a fault over each server, and one over the database, while others work; answers when all work again. */
async function haveFaults(
  group: ServerGroup,
  faults: Fault[],
  parts: { readonly place: Place; readonly acknowledged: Acknowledged },
): Promise<void> {
  const { place } = parts;
  const [killed, stopped, cutOff, unanswered] = group.servers;
  const during = async (server: GroupServer | undefined, happen: () => Promise<void>): Promise<void> => {
    const fault: Fault = { server, startedMs: performance.now(), endedMs: Number.POSITIVE_INFINITY };
    faults.push(fault);
    await happen();
    for (const each of server === undefined ? group.servers : [server]) await recovered(each);
    fault.endedMs = performance.now();
  };
  const endConnections = async (server: GroupServer): Promise<void> => {
    await group.administer(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE client_port = ANY ($1::integer[])",
      [server.link.ports()],
    );
  };

  /** One fault after the other, beside the server that is stopped all the while. */
  async function others(): Promise<void> {
    await during(killed, async () => {
      await killed.process().stop("SIGKILL");
      await killed.restart();
    });
    await wait(1000);
    await during(cutOff, async () => {
      cutOff.link.swallow();
      await assertUnavailable(cutOff, place);
      await assertUnavailable(cutOff, place);
      cutOff.link.cut();
      await assertUnavailable(cutOff, place);
      cutOff.link.heal();
    });
    await wait(500);
    await during(unanswered, async () => {
      await burst(unanswered, { ...parts, halfway: () => unanswered.link.loseAnswers() });
      unanswered.link.heal();
    });
    await during(killed, () => endConnections(killed));
    await during(cutOff, () => endConnections(cutOff));
  }

  await wait(1000);
  await Promise.all([
    during(stopped, async () => {
      stopped.process().process.kill("SIGSTOP");
      await wait(30_000);
      stopped.process().process.kill("SIGCONT");
    }),
    others(),
  ]);
  await wait(500);
  await during(undefined, async () => {
    await group.database.stop();
    await Promise.all(group.servers.map((server) => assertUnavailable(server, place)));
    await group.database.start();
  });
  await wait(2000);
}

/**
 * Many creations, and a report on each, one shortly after the other; halfway something happens that leaves the server
 * without the answers to what it has sent. Whatever it says it has done is done, once.
 */
async function burst(
  server: GroupServer,
  parts: { readonly place: Place; readonly acknowledged: Acknowledged; readonly halfway: () => void },
): Promise<void> {
  const { place, acknowledged, halfway } = parts;
  const { projectId: id, token } = place;
  const tasksUrl = `${server.url()}/v1/${id}/tasks`;
  const fateOf = (status: number): Fate => {
    assert.ok(status < 300 || status === 503, `a request of the burst is answered ${status}`);
    return status < 300 ? "done" : "perhaps";
  };
  async function createAndReport(word: string): Promise<void> {
    const created = await callServer(tasksUrl, { token, body: { ...anyTask, id: word, order_id: word } });
    acknowledged.creations.push({ word, projectId: id, id: word, fate: fateOf(created.status) });
    if (created.status !== 201) return;
    const body = { message: `report on ${word}`, progress: 50 };
    const report = await callServer(`${tasksUrl}/${word}`, { token, method: "PATCH", body });
    const fate = fateOf(report.status);
    acknowledged.reports.push({
      word: body.message,
      projectId: id,
      id: word,
      fate,
      revision: report.json.revision,
    });
  }
  const asked: Promise<void>[] = [];
  for (let index = 0; index < 60; index += 1) {
    if (index === 30) halfway();
    asked.push(createAndReport(`burst-${index}`));
    await wait(4);
  }
  await Promise.all(asked);
}

/** A server without its database says so, whatever it is asked, and in time. */
async function assertUnavailable(server: GroupServer, { projectId: id, token }: Place): Promise<void> {
  const startedMs = performance.now();
  const tasksUrl = `${server.url()}/v1/${id}/tasks`;
  const answers = await Promise.all([
    callServer(`${server.url()}/readyz`),
    callServer(`${tasksUrl}?limit=1`, { token }),
    callServer(tasksUrl, { token, body: anyTask }),
  ]);
  const tookMs = performance.now() - startedMs;
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 503, 503],
  );
  assert.ok(tookMs < noticeMs, `the ${server.name} server took ${tookMs} ms to say that it has no database`);
}

function recovered(server: GroupServer): Promise<true> {
  return until(async () => {
    const answer = await callServer(`${server.url()}/readyz`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  }, recoveryMs);
}

/** While one fails the others answer, in bounded time: nobody waits for a server that is away. */
function assertOthersAnswered(exchanges: readonly Exchange[], faults: readonly Fault[]): void {
  const isSound = ({ server, startedMs, endedMs }: Exchange): boolean =>
    !faults.some(
      (fault) =>
        (fault.server ?? server) === server && startedMs <= fault.endedMs && endedMs >= fault.startedMs,
    );
  const sound = exchanges.filter(isSound);
  const failed = sound.filter(
    ({ answer, isGivenUp, startedMs, endedMs }) =>
      (answer === undefined ? !isGivenUp : answer.status >= 500) || endedMs - startedMs > noticeMs,
  );
  assert.deepEqual(
    failed.map(({ server, asked, answer, startedMs, endedMs }) => ({
      server: server.name,
      asked: `${asked.method ?? "GET or POST"} ${asked.path}`,
      status: answer?.status,
      startedMs,
      tookMs: endedMs - startedMs,
    })),
    [],
  );
  for (const { server, startedMs, endedMs } of faults) {
    if (server === undefined || endedMs - startedMs < 5000) continue;
    const meanwhile = sound.filter((one) => one.startedMs >= startedMs && one.endedMs <= endedMs);
    assert.ok(
      meanwhile.length > 30,
      `only ${meanwhile.length} answers while the ${server.name} server failed`,
    );
  }
}
