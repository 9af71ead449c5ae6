import { readdirSync, readFileSync } from "node:fs";

/** Linux counts the time of processes in these, whatever the kernel's own clock is. */
const ticksPerSecond = 100;
/** Where a process's numbers stand behind its name. */
const at = { parent: 1, user: 11, system: 12, endedUser: 13, endedSystem: 14 } as const;

/**
 * The CPU time of a whole PostgreSQL server on this machine, of which one process serves a connection: its first process,
 * all that it has started, and those that have ended. Undefined on another machine, and where the system does not tell.
 */
export function serverCpuMs(host: string, backend: number): number | undefined {
  if (host !== "127.0.0.1" && host !== "localhost") return undefined;
  try {
    const own = statOf(backend);
    if (own.name !== "postgres") return undefined;
    const main = statOf(own.numbers[at.parent] ?? 0);
    const ended = (main.numbers[at.endedUser] ?? 0) + (main.numbers[at.endedSystem] ?? 0);
    const running = childrenOf(own.numbers[at.parent] ?? 0).map(({ numbers }) => usedBy(numbers));
    const ticks = running.reduce((sum, used) => sum + used, ended + usedBy(main.numbers));
    return (ticks * 1000) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

interface ProcessStat {
  readonly name: string;
  readonly numbers: readonly number[];
}

function statOf(pid: number): ProcessStat {
  const [, name = "", rest = ""] =
    /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
  return { name, numbers: rest.split(" ").map(Number) };
}

function childrenOf(parent: number): readonly ProcessStat[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        return [statOf(Number(entry))];
      } catch {
        // It has ended since.
        return [];
      }
    })
    .filter(({ numbers }) => numbers[at.parent] === parent);
}

function usedBy(numbers: readonly number[]): number {
  return (numbers[at.user] ?? 0) + (numbers[at.system] ?? 0);
}
