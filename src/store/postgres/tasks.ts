import type { Clock } from "../../task/clock.ts";
import type { TaskStore } from "../store.ts";
import { withMeantStatuses } from "../task-filters.ts";
import { openBriefReads } from "./brief-reads.ts";
import { countedPlanOf, createCountedLists, manyNames } from "./counted.ts";
import { createCounting } from "./counting.ts";
import { isIndexed } from "./filters.ts";
import { openFolding } from "./folding.ts";
import { createLooking } from "./looking.ts";
import type { Session } from "./session.ts";
import { createTaskWriting } from "./task-writing.ts";
import { holdTrees } from "./trees.ts";

/** The tasks of an open store, and how to end what goes on for them. */
export function createTaskStore(parts: {
  /** For what is quickly done. */
  readonly session: Session;
  /** For questions that take their time: few of them at once. */
  readonly long: Session;
  /** For folding changes into the count trees. */
  readonly folds: Session;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
  /** Told how many changes are written together, whenever some are. */
  readonly onCommit?: ((changes: number) => void) | undefined;
}): { readonly store: TaskStore; close(): Promise<void> } {
  const { session, long, folds, clock, onTrouble, onCommit } = parts;
  const folding = openFolding(folds, onTrouble);
  const trees = holdTrees();
  const counting = createCounting(trees, folding.noteWaiting);
  const counted = createCountedLists({ counting, trees });
  const readBriefly = openBriefReads(session);
  const looking = createLooking({ session, readBriefly, long });
  const writing = createTaskWriting({ session, clock, onCountChanges: folding.noteAppended, onCommit });

  return {
    store: {
      ...writing,

      async listTasks(question) {
        const asked = { ...question, filter: withMeantStatuses(question.filter) };
        const { filter, withNames } = asked;
        const { projectId } = filter;
        const plan = countedPlanOf(filter);
        if (plan === undefined) return looking.listTasks(asked);
        // Where an index tells which tasks are meant, a page near the beginning is always quick.
        const atOnce = isIndexed(filter) && (await counted.listAtOnce(session.query, plan, asked));
        if (atOnce) return atOnce;
        const brief = await readBriefly(
          projectId,
          async (query) =>
            (await counted.listAtOnce(query, plan, asked)) ?? (await counted.list(query, plan, asked)),
        );
        if (brief !== undefined) return brief;
        if (!withNames) return looking.listTasks(asked);
        const aside = await looking.readAside(projectId, (query) =>
          counted.list(query, plan, asked, { mostNames: manyNames }),
        );
        return aside ?? looking.listTasks(asked);
      },

      async countTasks(question) {
        const asked = { ...question, filter: withMeantStatuses(question.filter) };
        const plan = countedPlanOf(asked.filter);
        const brief =
          plan &&
          (await readBriefly(asked.filter.projectId, (query) => counted.countGroups(query, plan, asked)));
        return brief ?? looking.countTasks(asked);
      },

      streamTasks: (question) =>
        looking.streamTasks({ ...question, filter: withMeantStatuses(question.filter) }),
      findEndedTasks: looking.findEndedTasks,
      listLastSuccesses: looking.listLastSuccesses,
    },
    close: folding.close,
  };
}
