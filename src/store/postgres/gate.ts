import { storeUnavailable } from "./error.ts";

/** Lets calls in while it is open, and knows when the last of them has been answered. */
export interface Gate {
  /** Answers methods that do the same while the gate is open. @throws TaskCenterError `store-unavailable` after. */
  guard<T extends object>(methods: T): T;
  /** Lets nobody in any more, and waits for those who are. */
  close(): Promise<void>;
}

type Method = (...values: readonly unknown[]) => Promise<unknown>;

export function openGate(): Gate {
  const underWay = new Set<Promise<unknown>>();
  let isOpen = true;

  function guarded(method: Method): Method {
    return (...values) => {
      if (!isOpen) return Promise.reject(storeUnavailable("it is closed"));
      const answer = method(...values);
      const ended: Promise<unknown> = answer.catch(() => {}).finally(() => underWay.delete(ended));
      underWay.add(ended);
      return answer;
    };
  }

  return {
    guard: <T extends object>(methods: T) =>
      Object.fromEntries(
        Object.entries<Method>(methods as Record<string, Method>).map(([name, method]) => [
          name,
          guarded(method),
        ]),
      ) as T,

    async close() {
      isOpen = false;
      await Promise.all(underWay);
    },
  };
}
