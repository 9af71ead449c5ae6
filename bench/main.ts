import { constants, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Finding, renderFindings } from "./finding.ts";
import { listsPerSecond, loginsPerSecond } from "./lists-during-logins.ts";
import { measure } from "./measure.ts";
import { readers } from "./reads.ts";
import { type Size, type SizeName, sizes } from "./sizes.ts";
import { writers } from "./tasks.ts";

const help = `Usage: npm run bench [-- --full | --smoke]

Measures Task Center on this machine and prints one table: the documented calls and our own, in turns with a bare
node:http server that answers a body of the same size; what authentication costs; logins, and lists during them;
durable writes; start-up; memory.

  (nothing)   the quick run, about two minutes
  --full      longer rounds, and 100,000 tasks: some ten minutes
  --smoke     a few seconds: shows that it works, and measures nothing worth reading
  --help      this text

A missed aim is shown and is no failure. An answer that is no 2xx, a lost task and a lost report are: exit status 1.
The store lies in a temporary folder; the environment's TMPDIR chooses the disk.`;

/** What the command line asks for. @throws Error where it can not be understood. */
function readArguments(): SizeName | "help" {
  const { values } = parseArgs({
    options: { full: { type: "boolean" }, smoke: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help) return "help";
  if (values.full && values.smoke) throw new Error("--full and --smoke exclude each other");
  return values.full ? "full" : values.smoke ? "smoke" : "quick";
}

async function runBench(name: SizeName): Promise<void> {
  const size = sizes[name];
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.exitCode = 128 + constants.signals[signal];
      stopping.abort(`stopped by ${signal}`);
    });
  }
  const tooLong = setTimeout(
    () => stopping.abort(`not done within ${size.limitSeconds} s`),
    size.limitSeconds * 1000,
  );
  const [loadBefore = 0] = loadavg();
  const findings: Finding[] = [];
  try {
    for await (const finding of measure(size, stopping.signal)) {
      console.error(`${finding.what}: ${finding.figure}`);
      findings.push(finding);
    }
    console.log(describeMachine(loadBefore));
    console.log(renderFindings(findings));
    console.log(describeRun(name, size));
  } catch (error) {
    // A process that was ended makes whatever waited for it fail; the reason is why it was ended.
    console.error("bench:", stopping.signal.aborted ? stopping.signal.reason : error);
    process.exitCode ??= 1;
  } finally {
    clearTimeout(tooLong);
  }
}

function describeMachine(loadBefore: number): string {
  const { node, sqlite } = process.versions;
  const cores = cpus();
  return [
    `Node ${node}, SQLite ${sqlite}, ${process.platform} ${process.arch}`,
    `${cores.length} cores (${cores[0]?.model.trim()}), load average ${loadBefore.toFixed(1)} before the run`,
  ].join("; ");
}

function describeRun(name: SizeName, size: Size): string {
  const { readRounds, readSeconds, verifySeconds, pacedRounds, pacedSeconds, writeRounds, starts } = size;
  return [
    `Figures are medians: of ${readRounds} rounds of ${readSeconds} s with ${readers} connections, in turns with the bare server;`,
    `of ${writeRounds} rounds of writes with ${writers} connections; of ${starts} starts. CPU µs is what one answer costs the server.`,
    "Of bare: the ratio of the rates, which the aims are held against, and the same by CPU time. A bare server that is",
    "not 100 % busy makes the first too kind; the second hardly depends on what else the machine does.",
    `Proofs are verified on one thread of this process, over a store file, in ${readRounds} rounds of ${verifySeconds} s; after a write`,
    "nothing is remembered of the look-ups. A share is of the server's CPU time for a list: of the verification as it is",
    "measured alone, which the aim is held against; and of all that the proof brings along, its longer head included.",
    `Lists during logins come ${listsPerSecond} a second, far below what the server can do, and logins ${loginsPerSecond} a second, each at a random`,
    `moment of its slot, in ${pacedRounds} rounds of ${pacedSeconds} s in turns, taken together. A cold login pays for a hash: in turns a new user's`,
    "and a wrong password's. Refused is who comes while too many wait (429): of those at once, each comes back until in.",
    `Repeat with: npm run bench${name === "quick" ? "" : ` -- --${name}`}`,
  ].join("\n");
}

try {
  const wanted = readArguments();
  if (wanted === "help") console.log(help);
  else await runBench(wanted);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${help}`);
  process.exitCode = 2;
}
