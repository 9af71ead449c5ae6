import { keepPreviousData, QueryClient, type UseQueryResult, useQuery } from "@tanstack/preact-query";
import { ApiError, readDocument, UnreachableError } from "./http.ts";
import { pauseMs } from "./pace.ts";

/** How often what is looked at is asked for again, in milliseconds. A page that nobody sees does not ask. */
export const pollMs = 3000;

/**
 * What the pages know, by the address that it was read from. Beside it `http.ts` keeps the documents with their tags, so
 * that those that have not changed are not sent again.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The browser's own idea of being online is of no use for a server on the same machine.
      networkMode: "always",
      refetchOnWindowFocus: true,
      // The next poll is the retry.
      retry: false,
      staleTime: 1000,
    },
  },
});

/** How long the last answer to each question took, in milliseconds; lies beside the question, and goes with it. */
const tookMs = new WeakMap<object, number>();

/**
 * Reads a document below the console, and reads it again every now and then; `undefined` reads nothing, and without
 * `everyMs` (`false`) it is read but once. Where the path changes, the answer of the last one stays until the new one is
 * there (`isPlaceholderData`), so that nothing jumps.
 */
export function usePolled<T>(
  path: string | undefined,
  options: { readonly everyMs?: number | false; readonly keepsLast?: boolean } = {},
): UseQueryResult<T, Error> {
  const { everyMs = pollMs, keepsLast = true } = options;
  return useQuery<T, Error>({
    queryKey: [path],
    queryFn: async ({ signal, queryKey }) => {
      const beganMs = performance.now();
      const document = await readDocument<T>(path ?? "", signal);
      const query = queryClient.getQueryCache().find({ queryKey });
      if (query !== undefined) tookMs.set(query, performance.now() - beganMs);
      return document;
    },
    enabled: path !== undefined,
    refetchInterval: (query) => {
      if (everyMs === false) return untilRead(query);
      if (isFinal(query.state.error)) return false;
      return pauseMs({ everyMs, tookMs: tookMs.get(query) ?? 0 });
    },
    ...(keepsLast ? { placeholderData: keepPreviousData } : {}),
  });
}

/** When a query that is read but once is asked again: once it is there not at all, and after a failure at the next poll. */
export function untilRead(query: { readonly state: { readonly error: Error | null } }): number | false {
  const { error } = query.state;
  return error === null || isFinal(error) ? false : pollMs;
}

/** What asking again does not change: the question is wrong, or nobody may have the answer. */
function isFinal(error: Error | null): boolean {
  return error instanceof ApiError && [400, 401, 403, 404, 422].includes(error.status);
}

/** Whether the server is away, other than refusing: what was last seen is then still worth showing. */
export function isAway(error: Error | null): boolean {
  return error instanceof UnreachableError || (error instanceof ApiError && error.status >= 500);
}
