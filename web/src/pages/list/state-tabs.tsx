import { useEffect, useRef } from "preact/hooks";
import type { TaskCountsDocument } from "../../../../src/client/types.ts";
import { type TaskState, taskStates } from "../../../../src/task/lifecycle.ts";
import { statsApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { useEdges } from "../../components/edges.ts";
import { Icon } from "../../components/icon.tsx";
import { stateMarks } from "../../components/state-badge.tsx";
import { countText } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams, type TaskFilter } from "../../view/task-filter.ts";
import type { Moments } from "../../view/time-range.ts";

/** The states with how many tasks each has under the other conditions; and those whose producers are silent. */
export function StateTabs(props: {
  readonly filter: TaskFilter;
  readonly moments: Moments;
  readonly onFilter: (filter: TaskFilter) => void;
}) {
  const { filter, moments, onFilter } = props;
  const { project } = useReader();
  const stateParams = apiParams({ ...filter, state: [] }, moments);
  stateParams.set("group_by", "state");
  const byState = usePolled<TaskCountsDocument>(statsApi(project.id, stateParams));
  const stale = usePolled<TaskCountsDocument>(
    statsApi(project.id, apiParams({ ...filter, stale: true }, moments)),
  );
  const countOf = (state: TaskState) =>
    byState.data && (byState.data.groups.find((group) => group.state === state)?.count ?? 0);
  const choose = (state: TaskState, adds: boolean) => {
    const others = filter.state.filter((one) => one !== state);
    const has = others.length < filter.state.length;
    if (adds) return onFilter({ ...filter, state: has ? others : [...others, state] });
    onFilter({ ...filter, state: has && others.length === 0 ? [] : [state] });
  };

  const bar = useRef<HTMLDivElement>(null);
  useEdges(bar);
  const chosen = `${filter.state.join()} ${filter.stale}`;
  const isCounted = byState.data !== undefined;
  useEffect(() => {
    // With the counts the tabs become wider.
    if (bar.current !== null) bringIntoSight(bar.current);
  }, [chosen, isCounted]);

  return (
    <div class="state-tabs" ref={bar}>
      <fieldset class="state-group" aria-label="State">
        <button
          type="button"
          class="state-tab"
          aria-pressed={filter.state.length === 0}
          onClick={() => onFilter({ ...filter, state: [] })}
        >
          All <Count count={byState.data?.total} />
        </button>
        {taskStates.map((state) => (
          <button
            key={state}
            type="button"
            class={`state-tab state-tab-${state}`}
            aria-pressed={filter.state.includes(state)}
            title={`${stateMarks[state].label} tasks; with Ctrl or Shift, beside the other states`}
            onClick={(event) => choose(state, event.ctrlKey || event.metaKey || event.shiftKey)}
          >
            <Icon name={stateMarks[state].icon} size={13} />
            {stateMarks[state].label} <Count count={countOf(state)} />
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        class="state-tab state-tab-stale"
        aria-pressed={filter.stale === true}
        title="Tasks whose producers have been silent for longer than they promised"
        onClick={() => onFilter({ ...filter, stale: filter.stale === true ? undefined : true })}
      >
        <Icon name="alert" size={13} />
        Stale <Count count={stale.data?.total} />
      </button>
    </div>
  );
}

/** Moves a bar that is wider than its room, and nothing else, so that its first chosen tab is in the middle. */
function bringIntoSight(bar: HTMLElement): void {
  const tab = bar.querySelector<HTMLElement>("[aria-pressed='true']");
  if (tab === null || bar.scrollWidth <= bar.clientWidth) return;
  const [outer, inner] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()];
  bar.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
}

/** A count as it comes; until then its room is kept. */
function Count({ count }: { readonly count: number | undefined }) {
  return <span class="state-count">{count === undefined ? "–" : countText(count)}</span>;
}
