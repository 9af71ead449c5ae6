import { keepPreviousData, useQuery } from "@tanstack/preact-query";
import type { HistoryDocument, HistoryEntryDocument, TaskDocument } from "../../../../src/client/types.ts";
import { readDocument } from "../../api/http.ts";
import { historyApi } from "../../api/paths.ts";
import { useReader } from "../../session-context.tsx";

/** How many changes one answer has, and how many answers are read: longer histories are for `taskcenter show`. */
const pageSize = 500;
const mostPages = 6;

export interface History {
  /** Oldest first. */
  readonly entries: readonly HistoryEntryDocument[];
  /** Whether later changes exist that were not read. */
  readonly isCut: boolean;
  readonly isLoading: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** The history of a task: read again when its revision says that there is more of it. */
export function useHistory({ id, revision }: TaskDocument): History {
  const { project } = useReader();
  const { data, error, refetch } = useQuery({
    queryKey: ["history", project.id, id, revision],
    placeholderData: keepPreviousData,
    // The history of an earlier revision is of no use to anybody.
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const entries: HistoryEntryDocument[] = [];
      let cursor: string | null = "0";
      for (let page = 0; page < mostPages && cursor !== null; page++) {
        const params = new URLSearchParams({ limit: String(pageSize), cursor });
        const document: HistoryDocument = await readDocument(historyApi(project.id, id, params), signal);
        entries.push(...document.history);
        cursor = document.next_cursor;
      }
      return { entries, isCut: cursor !== null };
    },
  });
  return {
    entries: data?.entries ?? [],
    isCut: data?.isCut ?? false,
    isLoading: data === undefined && error === null,
    error,
    retry: () => void refetch(),
  };
}
