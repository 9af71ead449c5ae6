import { type CountTree, readTree } from "../../counts/count-tree.ts";
import { type Reading, ReadParts, sourceOf, Unread } from "./node-source.ts";
import { type SeriesKey, textOfSeries } from "./series.ts";
import { type Query, statement } from "./session.ts";

/** How many nodes of count trees are held in memory, some 300 bytes each. The projects used least recently go first. */
const usualMaxNodes = 60_000;

/** How many nodes a tree weighs by itself. */
const treeWeight = 3;

/** The trees of a project, as they stood after some number of folds. */
interface HeldTrees {
  readonly version: number;
  readonly parts: ReadParts;
  readonly trees: Map<string, CountTree>;
}

/** Answers the tree of a series as it is held. @throws Unread where something of it must be read first. */
export type TreeOf = (series: SeriesKey) => CountTree;

const readVersion = statement<[version: number]>("SELECT version FROM count_version WHERE project_id = $1");

/** Holds the trees of projects in memory, each as it stood at one version: whoever uses them compares it. */
export function holdTrees({ maxNodes = usualMaxNodes }: { readonly maxNodes?: number } = {}) {
  const byProject = new Map<string, HeldTrees>();
  const weights = new Map<string, number>();
  let weight = 0;

  /** Holds what has grown, and lets go of what was not used for longest, also of a project that alone is too large. */
  function hold(projectId: string, held: HeldTrees): void {
    const now = [...held.trees.values()].reduce((sum, { size }) => sum + size + treeWeight, 0);
    weight += now - (weights.get(projectId) ?? 0);
    weights.set(projectId, now);
    touch(projectId, held);
    for (const oldest of byProject.keys()) {
      if (weight <= maxNodes) break;
      forget(oldest);
    }
  }

  /** A map answers its keys in the order in which they were set: the first is the one not used for longest. */
  function touch(projectId: string, held: HeldTrees): void {
    byProject.delete(projectId);
    byProject.set(projectId, held);
  }

  function forget(projectId: string): void {
    byProject.delete(projectId);
    weight -= weights.get(projectId) ?? 0;
    weights.delete(projectId);
  }

  function treeIn({ trees, parts }: HeldTrees): TreeOf {
    return (series) => {
      const text = textOfSeries(series);
      const known = trees.get(text);
      if (known !== undefined) return known;
      const source = sourceOf(parts, series, noWriting);
      const tree = readTree({
        ...source,
        // The tree holds what it has read.
        readNodes(level, from, to) {
          const nodes = source.readNodes(level, from, to);
          parts.forgetNodes(series, level, from);
          return nodes;
        },
      });
      trees.set(text, tree);
      return tree;
    };
  }

  return {
    /**
     * Answers what each of `asks` makes of a project's trees, and the version that they are of. What is missing is read
     * first, in the snapshot of `query`; where the trees that are held are of another version there, all is read anew.
     * Where nothing is missing, nothing is read: whether the version is the snapshot's is for the caller to see.
     */
    async ask<T>(
      query: Query,
      projectId: string,
      asks: readonly ((treeOf: TreeOf) => T)[],
    ): Promise<{ readonly answers: readonly T[]; readonly version: number }> {
      let held = byProject.get(projectId);
      for (;;) {
        held ??= emptyAt(await versionIn(query, projectId));
        const { answers, missing } = attempt(asks, treeIn(held));
        if (missing.length === 0) {
          hold(projectId, held);
          return { answers, version: held.version };
        }
        // Others use what is held: it takes in only what was read at its own version.
        const read = new ReadParts();
        const [version] = await Promise.all([
          versionIn(query, projectId),
          read.read(query, projectId, missing),
        ]);
        if (version === held.version) held.parts.takeIn(read);
        else held = emptyAt(version);
      }
    },

    /** Answers what each of `asks` makes of the trees as they are held; undefined where something is missing. */
    askHeld<T>(
      projectId: string,
      asks: readonly ((treeOf: TreeOf) => T)[],
    ): { readonly answers: readonly T[]; readonly version: number } | undefined {
      const held = byProject.get(projectId);
      if (held === undefined) return undefined;
      const { answers, missing } = attempt(asks, treeIn(held));
      if (missing.length > 0) return undefined;
      touch(projectId, held);
      return { answers, version: held.version };
    },

    /** Forgets what is held of a project: it is of another version. */
    forget,
  };
}

export type Trees = ReturnType<typeof holdTrees>;

const noWriting = { writeNode() {}, deleteNodes() {} };

function emptyAt(version: number): HeldTrees {
  return { version, parts: new ReadParts(), trees: new Map() };
}

async function versionIn(query: Query, projectId: string): Promise<number> {
  const [[version] = [0]] = await query(readVersion, [projectId]);
  return version;
}

/** Asks everything, as far as it can be answered, and says what else must be read. */
function attempt<T>(
  asks: readonly ((treeOf: TreeOf) => T)[],
  treeOf: TreeOf,
): { readonly answers: readonly T[]; readonly missing: readonly Reading[] } {
  const answers: T[] = [];
  // Many ask for the same.
  const missing = new Map<string, Reading>();
  for (const ask of asks) {
    try {
      answers.push(ask(treeOf));
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      missing.set(JSON.stringify(error.reading), error.reading);
    }
  }
  return { answers, missing: [...missing.values()] };
}
