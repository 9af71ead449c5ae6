import { ApiError } from "../client/index.ts";
import { describeProjectHere } from "./cloud.ts";

/** Says which task is not there, and where it was looked for, which need not be the project that people have in mind. */
export function orAbsent(id: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ApiError && error.code === "task-not-found")) throw error;
    throw new Error(`there is no task ${JSON.stringify(id)} in ${describeProjectHere()}`, { cause: error });
  };
}
