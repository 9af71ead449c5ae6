import { performance } from "node:perf_hooks";

/** What a process has used since it started, and the memory that it has now. */
export interface Vitals {
  readonly cpuMs: number;
  /** How long its event loop has worked, and how long it has waited for something to do. */
  readonly busyMs: number;
  readonly idleMs: number;
  readonly residentBytes: number;
}

function takeVitals(): Vitals {
  const { user, system } = process.cpuUsage();
  const { active, idle } = performance.eventLoopUtilization();
  return {
    cpuMs: (user + system) / 1000,
    busyMs: active,
    idleMs: idle,
    residentBytes: process.memoryUsage.rss(),
  };
}

/*
 * Loaded into every process that is measured, before its own program: only the process itself knows all this on every
 * system. It answers when it is asked, and ends the process with whoever measures it, however that one ends.
 */
process.on("message", () => process.send?.(takeVitals()));
process.on("disconnect", () => process.exit());
process.channel?.unref();
