import { useCallback, useMemo, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import type { TaskState } from "../../../../src/task/lifecycle.ts";
import { statsApi, tasksApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { Chart } from "../../charts/chart.tsx";
import { nowMs, useNowMs } from "../../clock.ts";
import { Failure, Loading } from "../../components/notices.tsx";
import { stateMarks } from "../../components/state-badge.tsx";
import { TasksLink } from "../../components/task-links.tsx";
import { countText } from "../../format/number.ts";
import { minuteText } from "../../format/time.ts";
import { useReader } from "../../session-context.tsx";
import { listPath } from "../../view/links.ts";
import { apiParams, type TaskFilter } from "../../view/task-filter.ts";
import { momentsOf } from "../../view/time-range.ts";
import {
  type BucketGroup,
  bucketFor,
  bucketLengths,
  bucketWords,
  type CountsOverTime,
  countsOverTime,
  mostBuckets,
  stackedStates,
} from "./buckets.ts";
import { type Counts, overviewStepMs, within } from "./use-now.ts";

const loadBars = () => import("../../charts/stacked-bars.ts").then(({ drawStackedBars }) => drawStackedBars);
const chartHeight = 200;
/** Tasks may be created so far ahead of now: what a range has beyond is empty. In milliseconds. */
const aheadMs = 5 * 60_000;
/** Of a longer range it is asked where it has its first task. */
const longStretchMs = 180 * 24 * 60 * 60_000;

/** How many tasks of each state were created when; a stretch that is dragged over leads to its tasks. */
export function Timeline({ filter }: { readonly filter: TaskFilter }) {
  const { project } = useReader();
  const [, navigate] = useLocation();
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const over = useCountsOverTime(filter);
  const { counts, bucketMs } = over;

  const onBrush = useCallback(
    (stretch: Stretch) => navigate(listPath(project.id, stretchOf(filter, stretch))),
    [project.id, filter],
  );
  const input = useMemo(
    () =>
      counts === undefined
        ? undefined
        : {
            bucketsMs: counts.bucketsMs,
            bucketMs,
            layers: stackedStates.map((state) => ({ token: state, counts: counts.counts[state] })),
            height: chartHeight,
            onPoint: setPointed,
            onBrush,
          },
    [counts, bucketMs, onBrush],
  );
  return (
    <section class="card timeline" aria-labelledby="timeline-title">
      <header class="card-head">
        <h2 id="timeline-title">Tasks created, by the state they are in now</h2>
        <span class="muted">
          {pointed === undefined || counts === undefined ? (
            <>
              each bar is {bucketWords[over.bucket]}
              {over.isCut && `, of the last ${countText(mostBuckets)}`};{" "}
              <span class="for-mouse">drag over a stretch to see its tasks</span>
              <span class="for-finger">touch one to see its tasks</span>
            </>
          ) : (
            bucketLabel(counts.bucketsMs[pointed] ?? 0, bucketMs)
          )}
        </span>
      </header>
      {over.error !== null && counts === undefined ? (
        <Failure error={over.error} onRetry={over.retry} />
      ) : input === undefined || counts === undefined ? (
        <div class="timeline-blank">
          <Loading what="the counts over time" lines={6} />
        </div>
      ) : (
        <>
          <Legend filter={filter} counts={counts} pointed={pointed} />
          <Chart
            load={loadBars}
            input={input}
            label="Tasks created over time, by state; the table below says the same"
          />
          <AsTable filter={filter} counts={counts} bucketMs={bucketMs} />
        </>
      )}
    </section>
  );
}

/** Reads the counts of the range, in buckets that can be told apart. */
function useCountsOverTime(filter: TaskFilter) {
  const { project } = useReader();
  const now = useNowMs(overviewStepMs);
  const moments = momentsOf(filter.range, now);
  // Where the range has no beginning, or a very early one, the first task is it.
  const firstParams = apiParams(within(filter, {}), moments);
  firstParams.set("sort", "created_at");
  firstParams.set("limit", "1");
  const endMs = Math.min(moments.toMs ?? now, now + aheadMs);
  const isOpen = moments.fromMs === undefined || endMs - moments.fromMs > longStretchMs;
  const first = usePolled<{ readonly tasks: readonly TaskDocument[] }>(
    isOpen ? tasksApi(project.id, firstParams) : undefined,
    { everyMs: 60_000 },
  );
  const firstMs =
    isOpen && first.data !== undefined ? Date.parse(first.data.tasks[0]?.created_at ?? "") : undefined;
  const beginMs = isOpen ? (Number.isNaN(firstMs) ? endMs : firstMs) : moments.fromMs;
  const bucket = bucketFor(endMs - (beginMs ?? endMs));
  const bucketMs = bucketLengths[bucket];
  const lastBucket = Math.floor(endMs / bucketMs);
  const isCut = beginMs !== undefined && endMs - beginMs > mostBuckets * bucketMs;
  // What is not laid out is not asked for: there are bounds to how many groups are answered.
  const shown = isCut ? { ...moments, fromMs: (lastBucket - mostBuckets + 1) * bucketMs } : moments;
  const params = apiParams(within(filter, {}), shown);
  params.set("group_by", "state");
  params.set("bucket", bucket);
  const stats = usePolled<Counts<BucketGroup>>(
    beginMs === undefined ? undefined : statsApi(project.id, params),
  );
  const counts = useMemo(
    () =>
      stats.data === undefined || beginMs === undefined
        ? undefined
        : countsOverTime(stats.data.groups, { fromMs: beginMs, toMs: lastBucket * bucketMs, bucketMs }),
    [stats.data, beginMs, lastBucket, bucketMs],
  );
  return {
    counts,
    isCut,
    bucket,
    bucketMs,
    error: stats.error ?? first.error,
    retry: () => void stats.refetch(),
  };
}

/** The colours of the bars with their counts: of what is pointed at, else of all that is shown. */
function Legend(props: {
  readonly filter: TaskFilter;
  readonly counts: CountsOverTime;
  readonly pointed: number | undefined;
}) {
  const { project } = useReader();
  const { filter, counts, pointed } = props;
  const countOf = (state: TaskState) =>
    pointed === undefined
      ? counts.counts[state].reduce((sum, count) => sum + count, 0)
      : (counts.counts[state][pointed] ?? 0);
  // As wide as the largest of them, so that nothing moves while one points along the bars.
  const totals = stackedStates.map((state) => counts.counts[state].reduce((sum, count) => sum + count, 0));
  const width = `${countText(Math.max(...totals)).length}ch`;
  return (
    <ul class="legend">
      {stackedStates.toReversed().map((state) => (
        <li key={state}>
          <TasksLink
            projectId={project.id}
            filter={within(filter, { state: [state] })}
            className="legend-item"
          >
            <span class={`legend-mark mark-${state}`} aria-hidden="true" />
            {stateMarks[state].label} <b style={{ minInlineSize: width }}>{countText(countOf(state))}</b>
          </TasksLink>
        </li>
      ))}
    </ul>
  );
}

/** The same in words: for those who do not see the bars, or have no hand to drag with. */
function AsTable(props: {
  readonly filter: TaskFilter;
  readonly counts: CountsOverTime;
  readonly bucketMs: number;
}) {
  const { project } = useReader();
  const { filter, counts, bucketMs } = props;
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <section class="as-table-rows" tabIndex={0} aria-label="Tasks created over time">
          <table>
            <thead>
              <tr>
                <th scope="col">Created</th>
                {stackedStates.map((state) => (
                  <th key={state} scope="col" class="number">
                    {stateMarks[state].label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {counts.bucketsMs
                .map((fromMs, at) => ({
                  fromMs,
                  at,
                  of: stretchOf(filter, { fromMs, toMs: fromMs + bucketMs - 1 }),
                }))
                .toReversed()
                .map(({ fromMs, at, of }) => (
                  <tr key={fromMs}>
                    <th scope="row">
                      <TasksLink projectId={project.id} filter={of}>
                        {minuteText(fromMs)}
                      </TasksLink>
                    </th>
                    {stackedStates.map((state) => (
                      <td key={state} class="number">
                        <CountLink filter={{ ...of, state: [state] }} count={counts.counts[state][at] ?? 0} />
                      </td>
                    ))}
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

/** From the beginning of a bucket to the end of one. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The tasks of some buckets: where these begin before the range, or end after it, no more than the range has. */
function stretchOf(filter: TaskFilter, { fromMs, toMs }: Stretch): TaskFilter {
  const moments = momentsOf(filter.range, nowMs());
  return within(filter, {
    range: {
      kind: "between",
      fromMs: Math.max(fromMs, moments.fromMs ?? fromMs),
      toMs: Math.min(toMs, moments.toMs ?? Number.POSITIVE_INFINITY),
    },
  });
}

/** A count that leads to its tasks, where it has any. */
function CountLink({ filter, count }: { readonly filter: TaskFilter; readonly count: number }) {
  const { project } = useReader();
  if (count === 0) return <span class="muted">0</span>;
  return (
    <TasksLink projectId={project.id} filter={filter}>
      {countText(count)}
    </TasksLink>
  );
}

function bucketLabel(fromMs: number, bucketMs: number): string {
  const [from, to] = [minuteText(fromMs), minuteText(fromMs + bucketMs)];
  if (from.slice(0, 10) === to.slice(0, 10)) return `${from} – ${to.slice(11)}`;
  // A day of the counts is one of UTC: only there, and where it begins with the reader's, the date says it all.
  const isDay = bucketMs === bucketLengths["1d"] && from.endsWith("00:00") && to.endsWith("00:00");
  return isDay ? from.slice(0, 10) : `${from} – ${to}`;
}
