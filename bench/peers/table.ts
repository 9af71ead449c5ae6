import { table } from "table";
import { perSecond, shown } from "../finding.ts";
import type { PeerFinding } from "./measure.ts";

const left = { alignment: "left" } as const;
const right = { alignment: "right" } as const;

/** The peers as one table. */
export function renderPeers(findings: readonly PeerFinding[]): string {
  const heading = ["peer", "rows", "answers", "rate", "of ours", "p50 / p99 ms", "memory"];
  const rows = findings.map((finding) => [
    finding.name,
    shown(finding.rows),
    finding.answers,
    ...("missing" in finding
      ? [finding.missing, "", "", ""]
      : [
          perSecond(finding.perSecond),
          shown(finding.ofOurs, finding.ofOurs < 0.1 ? 3 : 2),
          `${finding.p50Ms.toFixed(1)} / ${finding.p99Ms.toFixed(1)}`,
          `${shown(finding.residentBytes / 2 ** 20, 0)} MiB`,
        ]),
  ]);
  return table([heading, ...rows], {
    columns: [left, right, left, right, right, right, right],
    drawHorizontalLine: (line, count) => line < 2 || line === count,
  });
}

/** The same line as it is told while the run goes on. */
export function tellPeer(finding: PeerFinding): string {
  const told =
    "missing" in finding
      ? finding.missing
      : `${perSecond(finding.perSecond)}, ${shown(finding.ofOurs, 3)} of ours`;
  return `${finding.name}: ${told}`;
}
