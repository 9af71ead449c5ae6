import { TaskCenterError } from "../task/error.ts";
import { maxAccessKeysPerUser } from "./store.ts";

/** What every store refuses of changes to users, projects and roles, in the same words. */

export function nameIsTaken(kind: "user" | "project", name: string): TaskCenterError {
  return new TaskCenterError("conflict", `A ${kind} named "${name}" exists already.`);
}

export function noAdministratorLeft(): TaskCenterError {
  return new TaskCenterError("conflict", "The domain would have no administrator left.");
}

export function projectHasTasks(): TaskCenterError {
  return new TaskCenterError("conflict", "The project has tasks; disable it instead.");
}

export function tooManyAccessKeys(): TaskCenterError {
  return new TaskCenterError(
    "conflict",
    `The user has ${maxAccessKeysPerUser} access keys already; delete one first.`,
  );
}
