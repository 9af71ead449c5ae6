import type { Principal } from "../../identity/identity.ts";
import { invalidParameter, TaskCenterError } from "../../task/error.ts";

/** What the bodies of Keystone's calls mean beyond their shape. */

/** Keystone takes null for a text that is empty. */
export function textOf(text: string | null | undefined): string | undefined {
  return text === null ? "" : text;
}

/** Nothing moves to another domain. @throws TaskCenterError `forbidden`. */
export function checkDomain(by: Principal, domainId: string | null | undefined): void {
  if ((domainId ?? by.user.domain.id) !== by.user.domain.id) {
    throw new TaskCenterError("forbidden", "Nobody looks after another domain than their own.");
  }
}

/**
 * Every project hangs directly under its domain; a tree of projects must not seem to have been made.
 * @throws TaskCenterError `invalid-parameter`.
 */
export function checkPlace(
  domainId: string,
  place: {
    readonly parent_id?: string | null | undefined;
    readonly is_domain?: boolean | null | undefined;
  },
): void {
  if ((place.parent_id ?? domainId) !== domainId) {
    throw invalidParameter("project.parent_id", "must be the domain: projects have no projects below them");
  }
  if (place.is_domain) throw invalidParameter("project.is_domain", "must be false: a project is no domain");
}
