import { TaskCenterError } from "../../../task/error.ts";
import { isBusy, refusal, troubleWith } from "./trouble.ts";

/** Opens or locks a store that no server may have open. @throws TaskCenterError where one has. */
export function whileStopped<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof TaskCenterError && isBusy(error.cause)) {
      throw refusal("A server has the store open; stop it first", error);
    }
    throw troubleWith("The store", error);
  }
}
