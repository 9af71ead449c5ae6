import { hash } from "node:crypto";
import { isJsonObject, type JsonValue } from "../task/task.ts";

/** The SHA-256, in hex, of a JSON value: equal for equal values, whatever the order of their keys. */
export function digestOf(value: JsonValue): string {
  return hash("sha256", canonicalJson(value));
}

/** JSON text in which the keys of every object are sorted. */
function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}
