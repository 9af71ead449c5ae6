import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureFsync } from "./disk.ts";
import { type Finding, shown } from "./finding.ts";
import { logIn, type ServerProcess, startBareServer, startTaskCenter } from "./processes.ts";
import { callsOfLargeProject, callsOfSmallProject, measureBare, measureCall } from "./reads.ts";
import { largeProjectTasks, type Size } from "./sizes.ts";
import { measureFirstStarts, measureLaterStarts } from "./starts.ts";
import { fillProject } from "./tasks.ts";
import { measureCreates, measureReports } from "./writes.ts";

/**
 * Measures everything: starts on empty folders, one server whose project grows from small to large, and starts on what
 * it leaves behind. All of it lies in one temporary folder, which is gone at the end, as are the processes.
 */
export async function* measure(size: Size, signal: AbortSignal): AsyncGenerator<Finding> {
  using folder = temporaryFolder();
  yield measureFsync(folder.path, size.fsyncSeconds);
  yield await measureFirstStarts(folder.path, size, signal);

  await using bareServer = await startBareServer(signal);
  const bare = { ...bareServer, token: "" };
  yield await measureBare(bare, size);

  const directory = join(folder.path, "server");
  await using taskCenter = await startTaskCenter(directory, signal);
  const server = await logIn(taskCenter);
  yield await measureMemory("memory, idle", taskCenter);

  await fillProject(server, size.smallProject);
  for (const call of callsOfSmallProject(size.smallProject)) {
    yield await measureCall(call, { server, bare, size });
  }
  yield await measureCreates(server, size);
  yield await measureReports(server, size);
  const tasks = largeProjectTasks(size);
  for (const call of callsOfLargeProject(size.largeProject, tasks)) {
    yield await measureCall(call, { server, bare, size });
  }
  yield await measureMemory("memory, after all this load", taskCenter);
  await taskCenter.stop();
  yield await measureLaterStarts(directory, { tasks, size, signal });
}

async function measureMemory(what: string, server: ServerProcess): Promise<Finding> {
  const { residentBytes } = await server.vitals();
  return { what, figure: `${shown(residentBytes / 2 ** 20, 0)} MiB` };
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "taskcenter-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
