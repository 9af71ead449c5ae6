import { type ListKey, listKeys, type TaskFilter, toggled } from "../../view/task-filter.ts";

/** How each condition is called before its value. */
const labels: Readonly<Record<ListKey, string>> = {
  service: "Service",
  kind: "Kind",
  state: "State",
  status: "Status",
  name: "Name",
  instance_id: "Instance id",
  instance_name: "Instance name",
  database_name: "Database",
  parent_id: "Child of",
  q: "Text",
  label: "Label",
};

/** One condition of a filter, as the reader sees and removes it. */
export interface Condition {
  readonly key: ListKey | "stale";
  readonly label: string;
  readonly value: string;
  /** The filter without it. */
  readonly without: TaskFilter;
}

/**
 * The conditions of a filter that the page does not show otherwise: a single text stands in the search box. Where there
 * is room services have their switch, and states and stale tasks their tabs, all in sight; tasks that are not stale have
 * none.
 */
export function conditionsOf(
  filter: TaskFilter,
  { hasRoom }: { readonly hasRoom: boolean },
): readonly Condition[] {
  const lists = listKeys
    .filter((key) => !hasRoom || (key !== "state" && key !== "service"))
    .filter((key) => key !== "q" || filter.q.length > 1)
    .flatMap((key) =>
      filter[key].map((value) => ({ key, label: labels[key], value, without: toggled(filter, key, value) })),
    );
  if (filter.stale === undefined || (filter.stale && hasRoom)) return lists;
  const value = filter.stale ? "yes" : "no";
  return [...lists, { key: "stale", label: "Stale", value, without: { ...filter, stale: undefined } }];
}

/** What a search box holds of a filter: its text, where it has but one. */
export function searchedText({ q }: TaskFilter): string {
  return q.length === 1 ? (q[0] ?? "") : "";
}

/**
 * The filter with what was written into the search box; beside several texts it is one more. Blanks around it are on the
 * way to another word, and no part of what is looked for.
 */
export function withSearchedText(filter: TaskFilter, text: string): TaskFilter {
  const others = filter.q.length > 1 ? filter.q : [];
  const wanted = text.trim();
  return { ...filter, q: wanted === "" ? others : [...new Set([...others, wanted])] };
}

/** The filter for the tasks that have one value, whichever of them it named before. */
export function withOnly(filter: TaskFilter, key: ListKey, value: string): TaskFilter {
  return toggled({ ...filter, [key]: [] }, key, value);
}
