import { isTimeout } from "./error.ts";
import type { Query, Session } from "./session.ts";
import { openTurns } from "./turns.ts";

/** How long a question may hold a connection that everybody's short ones need, too. */
const usualMostMs = 150;

/** Of how many connections one serves such questions of one project: the others are left to other projects. */
const connectionsPerTurn = 4;

/** How many such questions of a project may wait: each takes some milliseconds, or is given up. */
const maxWaiting = 200;

/** Reads, on one state of the store, what is mostly quick. Answers undefined where it is not: it must be asked aside. */
export type ReadBriefly = <T>(
  projectId: string,
  read: (query: Query) => Promise<T>,
) => Promise<T | undefined>;

/** Has what is mostly quick read on the connections for requests: of each project, on some of them at once. */
export function openBriefReads(session: Session, mostMs = usualMostMs): ReadBriefly {
  const turns = openTurns({
    atOnce: session.connections,
    ofProject: Math.ceil(session.connections / connectionsPerTurn),
    maxWaiting,
  });
  return async (projectId, read) => {
    try {
      return await turns.take({ projectId, line: "once" }, () => session.snapshot(read, mostMs));
    } catch (error) {
      if (!isTimeout(error)) throw error;
      return undefined;
    }
  };
}
