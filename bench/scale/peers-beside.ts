import { systemClock } from "../../src/task/clock.ts";
import { ask } from "../load.ts";
import { installPeers } from "../peers/installation.ts";
import { measurePeers, type PeerFinding } from "../peers/measure.ts";
import { peerRows } from "../peers/rows.ts";
import { tellPeer } from "../peers/table.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { dayMs } from "./population.ts";
import { listQuestions, pageSize } from "./questions.ts";
import { type Parties, readLists } from "./reads.ts";

/** The peers, or why they are left out. */
export type PeerFindings = readonly PeerFinding[] | { readonly missing: string };

/** Of their rows. */
const seed = 23;
/** How many windows a peer is asked for in turns. */
const peerWindows = 500;

/** Measures the peers in turns with our lists, where they are to be had. */
export async function measureInstalledPeers(
  parties: Parties,
  run: { readonly cache: string; readonly signal: AbortSignal; readonly tell: (text: string) => void },
): Promise<PeerFindings> {
  const { cache, signal, tell } = run;
  const { size } = parties;
  const installation = await installPeers(cache, { mayInstall: size.installsPeers, signal });
  if ("missing" in installation) {
    tell(`no peers: ${installation.missing}`);
    return installation;
  }
  using folder = temporaryFolder();
  const { server, headersOf, store, random } = parties;
  const { population } = store;
  const { endMs } = population;
  const question = listQuestions(population, systemClock());
  const windows = Array.from({ length: peerWindows }, () => question(random).filter);
  const page = await examplePage();
  const findings: PeerFinding[] = [];
  const measured = measurePeers(
    {
      page,
      rows: peerRows({ rows: size.peerRows, endMs, seed }),
      windows: windows.map(({ createdFromMs: fromMs = 0, createdToMs: toMs = endMs }) => ({ fromMs, toMs })),
    },
    { installed: installation.folder, scratch: folder.path, signal },
    {
      rounds: size.peerRounds,
      seconds: size.readSeconds,
      warmUpSeconds: size.warmUpSeconds,
      readOurs: (seconds) => readLists(parties, seconds),
    },
  );
  for await (const finding of measured) {
    findings.push(finding);
    tell(tellPeer(finding));
  }
  return findings;

  async function examplePage() {
    const [{ id }] = population.projects;
    const path = `/ddm/v3/${id}/jobs?start_time=${endMs - 10 * dayMs}&end_time=${endMs}&limit=${pageSize}`;
    return (await ask({ ...server, headers: headersOf(id) }, path)).body;
  }
}
