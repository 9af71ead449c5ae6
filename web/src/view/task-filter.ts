import {
  type Service,
  services,
  type TaskKind,
  type TaskState,
  type TaskStatus,
  taskKinds,
  taskStates,
  taskStatuses,
} from "../../../src/task/lifecycle.ts";
import {
  allTime,
  type Moments,
  momentsOf,
  momentText,
  readTimeRange,
  type TimeRange,
  writeTimeRange,
} from "./time-range.ts";

/** Which tasks are looked at, as the page's address says it. An empty list is no condition; a list means any of it. */
export interface TaskFilter {
  readonly service: readonly Service[];
  readonly kind: readonly TaskKind[];
  readonly state: readonly TaskState[];
  readonly status: readonly TaskStatus[];
  readonly name: readonly string[];
  readonly instance_id: readonly string[];
  readonly instance_name: readonly string[];
  readonly database_name: readonly string[];
  readonly parent_id: readonly string[];
  /** Parts of id, name, instance, database or fail reason. */
  readonly q: readonly string[];
  /** `key=value`, as people write labels; of one key any of its values, of several keys all. */
  readonly label: readonly string[];
  readonly stale: boolean | undefined;
  readonly range: TimeRange;
}

export const emptyFilter: TaskFilter = {
  service: [],
  kind: [],
  state: [],
  status: [],
  name: [],
  instance_id: [],
  instance_name: [],
  database_name: [],
  parent_id: [],
  q: [],
  label: [],
  stale: undefined,
  range: allTime,
};

/** The conditions that are lists of free text. */
const textKeys = ["name", "instance_id", "instance_name", "database_name", "parent_id", "q"] as const;
/** The conditions whose values are words of ours: another word in an address is no condition. */
const wordKeys = { service: services, kind: taskKinds, state: taskStates, status: taskStatuses } as const;

/** A condition with several values. */
export type ListKey = Exclude<keyof TaskFilter, "stale" | "range">;
export const listKeys = Object.keys(emptyFilter).filter(
  (key): key is ListKey => key !== "stale" && key !== "range",
);

/** Reads the page's address. What makes no sense there is left out: a link that was cut short still shows something. */
export function readFilter(params: URLSearchParams): TaskFilter {
  const words = <K extends keyof typeof wordKeys>(key: K) =>
    (wordKeys[key] as readonly string[]).filter((word) => params.getAll(key).includes(word));
  const texts = (key: string) => [...new Set(params.getAll(key).filter((text) => text !== ""))].slice(0, 100);
  const stale = params.get("stale");
  return {
    service: words("service") as Service[],
    kind: words("kind") as TaskKind[],
    state: words("state") as TaskState[],
    status: words("status") as TaskStatus[],
    name: texts("name"),
    instance_id: texts("instance_id"),
    instance_name: texts("instance_name"),
    database_name: texts("database_name"),
    parent_id: texts("parent_id"),
    q: texts("q"),
    label: labelTexts(params),
    stale: stale === "true" ? true : stale === "false" ? false : undefined,
    range: readTimeRange(params),
  };
}

/** The labels of an address: `label=team=payments`, and `label.team=payments` as the API writes them. */
function labelTexts(params: URLSearchParams): readonly string[] {
  const all = [...params].flatMap(([key, value]) => {
    if (key === "label") return [value];
    return key.startsWith("label.") ? [`${key.slice("label.".length)}=${value}`] : [];
  });
  return [...new Set(all.filter(isLabelText))].slice(0, 100);
}

/** Writes the page's address; an empty filter writes nothing. */
export function writeFilter(filter: TaskFilter, params = new URLSearchParams()): URLSearchParams {
  for (const key of listKeys) for (const value of filter[key]) params.append(key, value);
  if (filter.stale !== undefined) params.set("stale", String(filter.stale));
  writeTimeRange(filter.range, params);
  return params;
}

/** The filter as the server's API asks for it; moments may be given where the caller looks at a part of the range. */
export function apiParams(filter: TaskFilter, when: { readonly nowMs: number } | Moments): URLSearchParams {
  const params = new URLSearchParams();
  for (const key of [...(Object.keys(wordKeys) as (keyof typeof wordKeys)[]), ...textKeys]) {
    for (const value of filter[key]) params.append(key, value);
  }
  for (const text of filter.label) {
    const { key, value } = labelOf(text);
    params.append(`label.${key}`, value);
  }
  if (filter.stale !== undefined) params.set("stale", String(filter.stale));
  const { fromMs, toMs } = "nowMs" in when ? momentsOf(filter.range, when.nowMs) : when;
  if (fromMs !== undefined) params.set("created_from", momentText(fromMs));
  if (toMs !== undefined) params.set("created_to", momentText(toMs));
  return params;
}

/** Whether a text is a label as people write it: `team=payments`. */
export function isLabelText(text: string): boolean {
  return /^[a-z0-9._-]{1,63}=.{0,256}$/s.test(text);
}

export function labelOf(text: string): { readonly key: string; readonly value: string } {
  const at = text.indexOf("=");
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

/** How many conditions a filter has, the time range and the services left out: those have places of their own. */
export function conditionCount(filter: TaskFilter): number {
  const lists = listKeys.filter((key) => key !== "service").map((key) => filter[key].length);
  return lists.reduce((sum, count) => sum + count, filter.stale === undefined ? 0 : 1);
}

/** The filter with one value more, or without it where it has it. */
export function toggled(filter: TaskFilter, key: ListKey, value: string): TaskFilter {
  const values: readonly string[] = filter[key];
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
  return { ...filter, [key]: next };
}
