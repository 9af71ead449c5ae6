import { hash } from "node:crypto";

/** The id of a thing that has only names: 32 hex digits, the same on every server and after every start. */
export function stableId(kind: string, ...names: readonly string[]): string {
  return hash("sha256", JSON.stringify([kind, ...names])).slice(0, 32);
}
