import { useQuery } from "@tanstack/preact-query";
import { useRef } from "preact/hooks";
import type { HistoryDocument, HistoryEntryDocument, TaskDocument } from "../../../../src/client/types.ts";
import { readDocument } from "../../api/http.ts";
import { historyApi } from "../../api/paths.ts";
import { untilRead } from "../../api/polled.ts";
import { useReader } from "../../session-context.tsx";

/** How many changes one answer has. */
const pageSize = 500;
/** How many of the latest changes of a long history are read, besides the first page of it: both ends tell the most. */
const mostLatest = 2500;

const none: readonly HistoryEntryDocument[] = [];

export interface History {
  /** Oldest first. */
  readonly entries: readonly HistoryEntryDocument[];
  /** The revision after which changes were passed over, if any were. */
  readonly gapAfter: number | undefined;
  readonly isLoading: boolean;
  /** Why it, or what has been added to it since, could not be read. */
  readonly error: Error | null;
  readonly retry: () => void;
}

/** The history of a task: read again when its revision says that there is more of it. */
export function useHistory({ id, revision, created_at: createdAt }: TaskDocument): History {
  const { project } = useReader();
  const { data, error, refetch } = useQuery({
    // A task that is made anew under an id begins at revision 1 again.
    queryKey: ["history", project.id, id, createdAt, revision],
    // The history of an earlier revision is of no use to anybody.
    gcTime: 0,
    refetchInterval: untilRead,
    queryFn: async ({ signal }) => {
      const entries: HistoryEntryDocument[] = [];
      let gapAfter: number | undefined;
      let cursor: string | null = "0";
      while (cursor !== null) {
        const params = new URLSearchParams({ limit: String(pageSize), cursor });
        const document: HistoryDocument = await readDocument(historyApi(project.id, id, params), signal);
        entries.push(...document.history);
        cursor = document.next_cursor;
        // A cursor of a history is the revision that it goes on after, and no two changes have the same one.
        if (cursor !== null && gapAfter === undefined && Number(cursor) < revision - mostLatest) {
          gapAfter = Number(cursor);
          cursor = String(revision - mostLatest);
        }
      }
      return { entries, gapAfter };
    },
  });
  // What an earlier revision had stays until there is more, also where reading more of it fails.
  const read = useRef(data);
  read.current = data ?? read.current;
  return {
    entries: read.current?.entries ?? none,
    gapAfter: read.current?.gapAfter,
    isLoading: read.current === undefined && error === null,
    error,
    retry: () => void refetch(),
  };
}
