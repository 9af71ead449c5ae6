import { useState } from "preact/hooks";
import type { TaskCountsDocument } from "../../../../src/client/types.ts";
import { ApiError } from "../../api/http.ts";
import { statsApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { Loading } from "../../components/notices.tsx";
import { counted, countText } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams, type TaskFilter, toggled } from "../../view/task-filter.ts";
import type { Moments } from "../../view/time-range.ts";
import { maxFacets, shownFacets } from "./facets.ts";

/** The conditions whose values can be counted. */
export type FacetKey = "name" | "status" | "instance_id";

/** The values of one condition with how many tasks each has under the others, to be chosen from. */
export function FacetList(props: {
  readonly facetKey: FacetKey;
  /** What the values are: `names`. */
  readonly what: string;
  readonly filter: TaskFilter;
  readonly moments: Moments;
  readonly onFilter: (filter: TaskFilter) => void;
}) {
  const { facetKey, what, filter, moments, onFilter } = props;
  const { project } = useReader();
  const [wanted, setWanted] = useState("");
  // The question stays what it was when the list was opened: nothing moves under the pointer while it chooses.
  const [path] = useState(() => {
    const params = apiParams({ ...filter, [facetKey]: [] }, moments);
    params.set("group_by", facetKey);
    return statsApi(project.id, params);
  });
  const answer = usePolled<TaskCountsDocument>(path, { everyMs: false });

  if (answer.data === undefined) {
    if (answer.error === null) return <Loading what={what} lines={5} />;
    return (
      <p class="menu-note muted" role="alert">
        {answer.error instanceof ApiError && answer.error.code === "query-too-broad"
          ? "Too many tasks match to count them here. A shorter time range helps."
          : answer.error.message}
      </p>
    );
  }
  const all = answer.data.groups.map((group) => ({ value: group[facetKey] ?? "", count: group.count }));
  const chosen: readonly string[] = filter[facetKey];
  const { facets, hidden } = shownFacets({ counted: all, chosen, wanted });
  return (
    <div class="facets">
      {all.length > 8 && (
        <input
          class="input facet-search"
          type="search"
          placeholder={`Find among ${countText(all.length)} ${what}`}
          aria-label={`Find among the ${what}`}
          maxLength={256}
          autofocus
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <ul class="menu-list facet-list" aria-label={what}>
        {facets.map(({ value, count }) => (
          <li key={value}>
            <label class="facet">
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={() => onFilter(toggled(filter, facetKey, value))}
              />
              <bdi class="facet-value" title={value}>
                {value}
              </bdi>
              <span class="facet-count muted">{countText(count)}</span>
            </label>
          </li>
        ))}
      </ul>
      {facets.length === 0 && (
        <p class="menu-note muted">
          {wanted === "" ? "No task under the other conditions." : `None of the ${what} has this text.`}
        </p>
      )}
      {hidden > 0 && (
        <p class="menu-note muted">
          The first {maxFacets}; {counted(hidden, "more", "more")}. Write a part to find them.
        </p>
      )}
    </div>
  );
}
