import { serviceLabels } from "../../view/service-labels.ts";
import type { TaskFilter } from "../../view/task-filter.ts";

/** How much of a name a title holds. */
const maxNameLength = 40;

/** What a list is of, in a few words: `Failed RDS tasks`, `Stale CreateInstance tasks`, `Tasks`. */
export function listTitle(filter: TaskFilter): string {
  const words = [
    ...(filter.stale === true ? ["stale"] : []),
    ...filter.state.slice(0, 2).flatMap((state, at) => (at === 0 ? [state] : ["and", state])),
    ...filter.kind.filter(() => filter.kind.length === 1),
    ...filter.service.filter(() => filter.service.length === 1).map((service) => serviceLabels[service]),
    ...filter.name.filter(() => filter.name.length === 1).map((name) => name.slice(0, maxNameLength)),
    "tasks",
  ].join(" ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
