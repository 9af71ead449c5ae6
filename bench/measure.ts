import { join } from "node:path";
import { measureAuthentication } from "./authentication.ts";
import { measureFsync } from "./disk.ts";
import { type Finding, shown } from "./finding.ts";
import { addUser, openIdentity } from "./identity.ts";
import { measureListsDuringLogins, newcomersDuringLists } from "./lists-during-logins.ts";
import { measureLogins, newcomersOf } from "./logins.ts";
import { logIn, startBareServer, startTaskCenter } from "./processes.ts";
import { callsOfLargeProject, callsOfSmallProject, measureBare, measureCall } from "./reads.ts";
import type { ServerProcess } from "./server-process.ts";
import { largeProjectTasks, type Size } from "./sizes.ts";
import { measureFirstStarts, measureLaterStarts } from "./starts.ts";
import { fillProject } from "./tasks.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { measureVerifications } from "./verifications.ts";
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
  const bare = { ...bareServer, headers: {} };
  yield await measureBare(bare, size);

  const directory = join(folder.path, "server");
  const { findings, micros, key, regular, newcomers } = await prepareIdentity(directory, size);
  yield* findings;
  await using taskCenter = await startTaskCenter(directory, signal);
  const server = await logIn(taskCenter);
  yield await measureMemory("memory, idle", taskCenter);

  await fillProject(server, size.smallProject);
  for (const call of callsOfSmallProject(size.smallProject)) {
    yield await measureCall(call, { server, bare, size });
  }
  yield* await measureAuthentication(server, { key, micros, size });
  const parties = { regular, newcomers: newcomersOf(newcomers), size };
  yield* await measureLogins(server, parties);
  yield* await measureListsDuringLogins(server, parties);

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

/** Makes the store that the server will find, and measures its identity while no server has it open. */
async function prepareIdentity(directory: string, size: Size) {
  await using local = await openIdentity(directory);
  const { findings, micros } = await measureVerifications(local, size);
  const regular = await addUser(local, "regular");
  const newcomers = await Promise.all(
    Array.from({ length: size.loginsAtOnce + newcomersDuringLists(size) }, (_, n) =>
      addUser(local, `newcomer-${n}`),
    ),
  );
  return { findings, micros, key: local.key, regular, newcomers };
}

async function measureMemory(what: string, server: ServerProcess): Promise<Finding> {
  const { residentBytes } = await server.vitals();
  return { what, figure: `${shown(residentBytes / 2 ** 20, 0)} MiB` };
}
