import { systemClock } from "../../src/task/clock.ts";
import { perSecond, shown } from "../finding.ts";
import { listsPerSecond } from "../lists-during-logins.ts";
import { load, type Target } from "../load.ts";
import { keepPace } from "../pace.ts";
import { ddmListNow } from "../reads.ts";
import { type Answer, send } from "../send.ts";
import { percentile } from "../statistics.ts";
import { writers } from "../tasks.ts";
import { type Figure, milliseconds } from "./figures.ts";
import { creationsOf, type WriteParties, watchBacklog } from "./writes.ts";

/**
 * Measures the latency of the list of a project that is written to, at a steady pace, with the exact total in every
 * answer: while nobody writes, during creates at a steady pace, and during as many as one server takes.
 */
export async function measureListsDuringWrites(parties: WriteParties): Promise<readonly Figure[]> {
  const { targets, database, size } = parties;
  const [server] = targets;
  if (server === undefined) return [];
  const seconds = size.pacedSeconds;
  const next = creationsOf(parties);
  const path = ddmListNow(systemClock());
  const lists = () =>
    keepPace({ perSecond: listsPerSecond, seconds }, () => answered(server, { method: "GET", path }));
  const creates = () =>
    keepPace({ perSecond: size.pacedCreates, seconds }, (n) => {
      const target = targets[n % targets.length] ?? server;
      return answered(target, { method: "POST", ...next() });
    });
  const flood = () =>
    load(server, {
      connections: writers,
      requestsOf: () => [
        {
          method: "POST",
          headers: { "content-type": "application/json" },
          setupRequest: (request) => ({ ...request, ...next() }),
        },
      ],
      until: { seconds },
    });

  await lists();
  const idle = await lists();
  await using backlog = watchBacklog(database);
  const [paced, made] = await Promise.all([lists(), creates()]);
  const waiting = await backlog.read();
  const [flooded, { perSecond: rate }] = await Promise.all([lists(), flood()]);
  const pace = perSecond(size.pacedCreates);
  return [
    latencyFigure(`lists, ${perSecond(listsPerSecond)}, nobody writes`, idle, "one server"),
    latencyFigure(
      `lists during creates, ${pace} over ${targets.length} servers`,
      paced,
      `${shown(waiting.most)} changes waited to be folded at most`,
    ),
    latencyFigure(`those creates`, made, `at a steady pace of ${pace}`),
    latencyFigure(
      "lists during as many creates as come",
      flooded,
      `on one server, which also took ${perSecond(rate)}`,
    ),
  ];
}

async function answered(target: Target, request: Parameters<typeof send>[1]): Promise<Answer> {
  const answer = await send(target, request);
  if (answer.status < 200 || answer.status > 299)
    throw new Error(`an answer had the status ${answer.status}`);
  return answer;
}

function latencyFigure(what: string, answers: readonly Answer[], from: string): Figure {
  const tookMs = answers.map((answer) => answer.tookMs);
  return {
    what: `${what}: p99`,
    figure: milliseconds(percentile(tookMs, 99)),
    from: `p50 ${milliseconds(percentile(tookMs, 50))}; ${from}`,
  };
}
