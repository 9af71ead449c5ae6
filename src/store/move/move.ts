import { TaskCenterError } from "../../task/error.ts";
import type { MovedTable, Row } from "./tables.ts";

/**
 * What moves with positions of its own: users and all that hangs on them at once; the tasks of one project, service and
 * kind, with their histories, in the order of their creation; the remembered creations of one project.
 */
export type Part =
  | { readonly kind: "identity" }
  | {
      readonly kind: "tasks";
      readonly projectId: string;
      readonly service: string;
      readonly taskKind: string;
    }
  | { readonly kind: "creations"; readonly projectId: string };

/** How far a part is: the key of its last row in the part's order. */
export type Position = readonly (string | number)[];

/** Some rows of a part that follow each other, and where they end. */
export interface Batch {
  readonly rows: ReadonlyMap<MovedTable, readonly Row[]>;
  readonly end: Position;
}

/** How many rows there are of whatever is counted: by table, and of tasks by project and status. */
export type RowCounts = ReadonlyMap<string, number>;

/** The store that is moved. It stays as it is. */
export interface MoveSource {
  /** What tells this store from any other. */
  readonly fingerprint: string;
  /** How its access keys are sealed, where they all are alike. */
  readonly sealPrefix: string | undefined;
  readonly parts: readonly Part[];
  /** The rows of a part after a position, or all of them. */
  batches(part: Part, after: Position | undefined): Iterable<Batch>;
  countRows(): RowCounts;
}

/** The store that everything moves to, which nobody else may use until the move is finished. */
export interface MoveTarget {
  /** Takes the empty store for the move of one source, or goes on with it. Throws `store-unavailable` for any other. */
  begin(fingerprint: string): Promise<void>;
  /** Where a part stands; undefined where nothing of it has moved. */
  positionOf(part: Part): Promise<Position | undefined>;
  /** Writes rows, and where the part stands with them: both or neither. */
  write(part: Part, step: { readonly after: Position | undefined; readonly batch: Batch }): Promise<void>;
  /** Reads the rows of a part after one position up to another, in the order of the source. */
  read(
    part: Part,
    range: { readonly after: Position | undefined; readonly end: Position },
  ): Promise<ReadonlyMap<MovedTable, readonly Row[]>>;
  countRows(): Promise<RowCounts>;
  /** Counts all tasks for the totals, and lets servers use the store. */
  finish(options: { readonly sealPrefix: string | undefined }): Promise<void>;
}

/** Who follows a move. */
export interface MoveWatch {
  readonly signal: AbortSignal;
  readonly tell: (progress: { readonly doing: MoveStep; readonly tasks: number }) => void;
}

export type MoveStep = "moving" | "checking" | "counting";

/**
 * Copies a store into another one, holds every row of the one against the other, and has the tasks counted. It may be
 * ended at any moment, and goes on where it was when it is begun again.
 *
 * @throws TaskCenterError where the target is not empty, or differs in the end; the signal's reason.
 */
export async function moveStore(options: {
  readonly source: MoveSource;
  readonly target: MoveTarget;
  readonly watch: MoveWatch;
}): Promise<RowCounts> {
  const { source, target, watch } = options;
  await target.begin(source.fingerprint);
  const following = { source, target, watch };
  await forEachBatch(following, {
    doing: "moving",
    from: (part) => target.positionOf(part),
    step: (part, step) => target.write(part, step),
  });
  await forEachBatch(following, {
    doing: "checking",
    from: async () => undefined,
    step: async (part, { after, batch }) => {
      const found = await target.read(part, { after, end: batch.end });
      for (const [table, rows] of batch.rows) {
        if (JSON.stringify(rows) !== JSON.stringify(found.get(table))) throw differs(`rows of ${table.name}`);
      }
    },
  });
  const counts = source.countRows();
  const found = await target.countRows();
  for (const what of new Set([...counts.keys(), ...found.keys()])) {
    if (counts.get(what) !== found.get(what)) throw differs(`the number of ${what}`);
  }
  watch.signal.throwIfAborted();
  watch.tell({ doing: "counting", tasks: 0 });
  await target.finish({ sealPrefix: source.sealPrefix });
  return counts;
}

/** Goes through all parts. The next batch is read while the last one is under way. */
async function forEachBatch(
  { source, watch }: { readonly source: MoveSource; readonly watch: MoveWatch },
  work: {
    readonly doing: MoveStep;
    readonly from: (part: Part) => Promise<Position | undefined>;
    readonly step: (
      part: Part,
      step: { readonly after: Position | undefined; readonly batch: Batch },
    ) => Promise<void>;
  },
): Promise<void> {
  for (const part of source.parts) {
    let after = await work.from(part);
    let underWay: Promise<void> = Promise.resolve();
    for (const batch of source.batches(part, after)) {
      await underWay;
      watch.signal.throwIfAborted();
      underWay = work.step(part, { after, batch });
      // It is awaited a little later.
      underWay.catch(() => {});
      after = batch.end;
      if (part.kind === "tasks") watch.tell({ doing: work.doing, tasks: tasksIn(batch) });
    }
    await underWay;
  }
}

function tasksIn({ rows }: Batch): number {
  for (const [table, ofTable] of rows) if (table.name === "task") return ofTable.length;
  return 0;
}

function differs(what: string): TaskCenterError {
  return new TaskCenterError(
    "store-unavailable",
    `The stores differ in ${what}: one of them was changed while it was moved. Begin anew with an empty database.`,
  );
}
