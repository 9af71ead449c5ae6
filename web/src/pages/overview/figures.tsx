import type { ComponentChildren } from "preact";
import type { TaskState } from "../../../../src/task/lifecycle.ts";
import { statsApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { useNowMs } from "../../clock.ts";
import { Icon, type IconName } from "../../components/icon.tsx";
import { rangeLabel } from "../../components/range-menu.tsx";
import { TasksLink } from "../../components/task-links.tsx";
import { countText, shareText } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams, emptyFilter, type TaskFilter } from "../../view/task-filter.ts";
import { allTime } from "../../view/time-range.ts";
import { type Counts, overviewStepMs, useNow, within } from "./use-now.ts";

/** The figures that an operator looks for first: what is under way now, and how the time that is looked at went. */
export function Figures({ filter }: { readonly filter: TaskFilter }) {
  const { project } = useReader();
  const nowMs = useNowMs(overviewStepMs);
  const now = useNow(filter);
  const { service } = filter;

  const staleFilter: TaskFilter = { ...emptyFilter, service, stale: true, range: allTime };
  const staleParams = apiParams(staleFilter, { nowMs });
  staleParams.set("group_by", "state");
  const stale = usePolled<Counts<unknown>>(statsApi(project.id, staleParams));

  const rangeParams = apiParams(within(filter, {}), { nowMs });
  rangeParams.set("group_by", "state");
  const ranged = usePolled<Counts<{ readonly state: TaskState }>>(statsApi(project.id, rangeParams));

  const live = (state: TaskState) => countOf(now.data, state);
  const inRange = (state: TaskState) => countOf(ranged.data, state);
  const created = ranged.data?.total;
  const ended = sum(inRange("succeeded"), inRange("failed"), inRange("canceled"));
  const when = rangeLabel(filter.range).toLowerCase();
  return (
    <section class="figures" aria-label="Figures">
      <Figure
        label="Running now"
        icon="play"
        tone="running"
        count={live("running")}
        filter={{ ...emptyFilter, service, state: ["running"] }}
      >
        at this moment, of any age
      </Figure>
      <Figure
        label="Pending now"
        icon="clock"
        tone="pending"
        count={live("pending")}
        filter={{ ...emptyFilter, service, state: ["pending"] }}
      >
        at this moment, of any age
      </Figure>
      <Figure label="Stale" icon="alert" tone="stale" count={stale.data?.total} filter={staleFilter}>
        no report in time
      </Figure>
      <Figure
        label="Failed"
        icon="fail"
        tone="failed"
        count={inRange("failed")}
        filter={within(filter, { state: ["failed"] })}
      >
        {ended === undefined ? "" : `${shareText(inRange("failed") ?? 0, ended)} of what ended`}
      </Figure>
      <Figure
        label="Succeeded"
        icon="check"
        tone="succeeded"
        count={inRange("succeeded")}
        filter={within(filter, { state: ["succeeded"] })}
      >
        {when}
      </Figure>
      <Figure label="Created" icon="plus" tone="canceled" count={created} filter={within(filter, {})}>
        {when}
      </Figure>
    </section>
  );
}

function Figure(props: {
  readonly label: string;
  readonly icon: IconName;
  readonly tone: string;
  /** Undefined until it is known. */
  readonly count: number | undefined;
  readonly filter: TaskFilter;
  readonly children?: ComponentChildren;
}) {
  const { project } = useReader();
  const { label, icon, tone, count, filter, children } = props;
  return (
    <TasksLink
      projectId={project.id}
      filter={filter}
      className={`figure card ${count === 0 ? "figure-none" : ""}`}
    >
      <span class={`figure-label tone-${tone}`}>
        <Icon name={icon} size={14} />
        {label}
      </span>
      <span class="figure-count">{count === undefined ? "–" : countText(count)}</span>
      <span class="figure-note muted">{children}</span>
    </TasksLink>
  );
}

/** A state without tasks has no group; undefined while nothing is known. */
function countOf(
  counts: Counts<{ readonly state: TaskState }> | undefined,
  state: TaskState,
): number | undefined {
  if (counts === undefined) return undefined;
  return counts.groups.find((group) => group.state === state)?.count ?? 0;
}

function sum(...counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce<number | undefined>(
    (total, count) => (total === undefined || count === undefined ? undefined : total + count),
    0,
  );
}
