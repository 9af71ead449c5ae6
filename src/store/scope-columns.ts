import type { Scope } from "./store.ts";

/** A scope, as two columns of the tables of tokens and access keys hold it: a check of the tables sees to it. */
export type ScopeColumns =
  | readonly [projectId: string, domainId: null]
  | readonly [projectId: null, domainId: string];

export function columnsOfScope(scope: Scope): ScopeColumns {
  return scope.kind === "project" ? [scope.projectId, null] : [null, scope.domainId];
}

export function scopeOfColumns(columns: ScopeColumns): Scope {
  const [projectId, domainId] = columns;
  return projectId === null ? { kind: "domain", domainId } : { kind: "project", projectId };
}
