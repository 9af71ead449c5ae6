import type { Clock } from "../../task/clock.ts";
import type { SharedStore } from "../store.ts";
import { openGate } from "./gate.ts";
import { createIdentityStore } from "./identity.ts";
import { createLeading, leaderSilenceMs } from "./leading.ts";
import { migrate, readMigrations, settleRole } from "./migrations.ts";
import { openSession, statement } from "./session.ts";
import { createAgreement, refuseHalfMoved } from "./settings.ts";
import { createTaskStore } from "./tasks.ts";
import { onlyWritable } from "./writable.ts";

/** How many connections serve long questions, beside those for requests; fold changes; and hold the lead of some work. */
const connectionsForLong = 2;
const connectionsForFolds = 2;
const connectionsForLeading = 2;
/** How long a step of a fold may take: there may be millions of changes where nobody could fold for a while. */
const foldMs = 60_000;
/** How long a step of a migration may take. */
const migrationMs = 60 * 60 * 1000;

const readOne = statement("SELECT 1 FROM migration LIMIT 1");

/**
 * Opens the store in a PostgreSQL database, whose schema is made or brought up to date first. Any number of servers have
 * it open.
 *
 * @throws TaskCenterError `store-unavailable` when the database cannot be reached, was written by a newer program, or
 * belongs to another one.
 */
export async function openPostgresStore(options: {
  /** `postgres://user@host:port/database`; without a password, that of the password file. */
  readonly url: string;
  /** The same database past a pooler, for changes of the schema and for upkeep: by default the same address. */
  readonly directUrl?: string;
  /** How many connections serve requests at most. */
  readonly connections?: number;
  readonly clock: Clock;
  /** Told of trouble that no request waits for. */
  readonly onTrouble: (error: unknown) => void;
  /** Told how many changes are written together, whenever some are. */
  readonly onCommit?: (changes: number) => void;
}): Promise<SharedStore> {
  const { url, directUrl = url, connections = 10, clock, onTrouble, onCommit } = options;
  const migrating = openSession({ url: directUrl, connections: 1, statementMs: migrationMs, onTrouble });
  try {
    await migrate(migrating, readMigrations(), clock);
    await settleRole(migrating);
    await refuseHalfMoved(migrating);
  } finally {
    await migrating.close();
  }
  const session = openSession({ url, connections, onTrouble });
  const long = openSession({ url, connections: connectionsForLong, onTrouble });
  const folds = openSession({ url, connections: connectionsForFolds, statementMs: foldMs, onTrouble });
  const leading = openSession({
    url: directUrl,
    connections: connectionsForLeading,
    statementMs: leaderSilenceMs,
    onTrouble,
  });
  const gate = openGate();
  const tasks = createTaskStore({ session, long, folds, clock, onTrouble, onCommit });
  const { streamTasks, ...others } = onlyWritable(tasks.store);
  return {
    // A stream is no call: it is cut where the store is closed.
    tasks: { ...gate.guard(others), streamTasks },
    identity: gate.guard(createIdentityStore(session, clock)),
    ...gate.guard({
      ping: async () => {
        await session.query(readOne);
      },
      agree: createAgreement(session),
    }),
    lead: createLeading(leading),
    close: async () => {
      await gate.close();
      await tasks.close();
      await Promise.all([session, long, folds, leading].map((each) => each.close()));
    },
  };
}
