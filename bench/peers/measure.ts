import { type Load, load } from "../load.ts";
import { readers } from "../reads.ts";
import { median } from "../statistics.ts";
import { type PeerPlace, type PeerQuestion, peers, type RunningPeer } from "./peers.ts";

/** What a peer does with the question that Task Center was asked in turns with it; or why nobody knows. */
export type PeerFinding = { readonly name: string; readonly rows: number; readonly answers: string } & (
  | { readonly missing: string }
  | {
      readonly perSecond: number;
      /** What Task Center does is 1. */
      readonly ofOurs: number;
      readonly p50Ms: number;
      readonly p99Ms: number;
      readonly residentBytes: number;
    }
);

/**
 * Measures every peer in turns with our own list: a ratio is the median of the rounds' ratios, whose two halves are next
 * to each other. One peer runs at a time.
 */
export async function* measurePeers(
  question: PeerQuestion,
  place: PeerPlace,
  turns: {
    readonly rounds: number;
    readonly seconds: number;
    readonly warmUpSeconds: number;
    readonly readOurs: (seconds: number) => Promise<Load>;
  },
): AsyncGenerator<PeerFinding> {
  for (const peer of peers) {
    const about = { name: peer.name, rows: peer.rows(question), answers: peer.answers };
    const started = await peer.start(question, place).catch((error: Error) => {
      place.signal.throwIfAborted();
      return `does not start: ${error.message.split("\n")[0]}`;
    });
    if (typeof started === "string") {
      yield { ...about, missing: started };
      continue;
    }
    await using running = started;
    await checkAnswers(running);
    const readPeer = (seconds: number) => readInTurns(running, seconds);
    await readPeer(turns.warmUpSeconds);
    const loads: { readonly theirs: Load; readonly ours: Load }[] = [];
    for (let round = 0; round < turns.rounds; round += 1) {
      loads.push({ ours: await turns.readOurs(turns.seconds), theirs: await readPeer(turns.seconds) });
    }
    const { residentBytes } = await running.target.vitals();
    yield {
      ...about,
      perSecond: median(loads.map(({ theirs }) => theirs.perSecond)),
      ofOurs: median(loads.map(({ ours, theirs }) => theirs.perSecond / ours.perSecond)),
      p50Ms: median(loads.map(({ theirs }) => theirs.p50Ms)),
      p99Ms: median(loads.map(({ theirs }) => theirs.p99Ms)),
      residentBytes,
    };
  }
}

/** How many of a peer's answers are looked at before it is measured. */
const checkedAnswers = 5;

async function checkAnswers({ target, paths, check }: RunningPeer): Promise<void> {
  for (const path of paths.slice(0, checkedAnswers)) {
    await check(await fetch(target.url + path, { headers: target.headers }), path);
  }
}

/** Each connection begins with another path, so that no two ask the same at the same time. */
function readInTurns({ target, paths }: RunningPeer, seconds: number): Promise<Load> {
  return load(target, {
    connections: readers,
    requestsOf: (connection) => {
      const from = Math.floor((paths.length * connection) / readers);
      return [...paths.slice(from), ...paths.slice(0, from)].map((path) => ({ method: "GET", path }));
    },
    until: { seconds },
  });
}
