import type { UseQueryResult } from "@tanstack/preact-query";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { statsApi, tasksApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { useNowMs } from "../../clock.ts";
import { Failure, Loading } from "../../components/notices.tsx";
import { TasksLink } from "../../components/task-links.tsx";
import { durationText } from "../../format/duration.ts";
import { counted, countText } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams, type TaskFilter, writeFilter } from "../../view/task-filter.ts";
import { slowestNames } from "./durations.ts";
import { useHeld } from "./use-held.ts";
import { type Counts, overviewStepMs, within } from "./use-now.ts";

/** How many rows a ranking has. */
const mostRows = 7;
/** How often a ranking is asked for again, in milliseconds: nobody watches it second by second. */
const rankingPollMs = 10_000;
/** Of how many ended tasks the durations are taken: one page of the API, which is read once a minute. */
const sampleSize = 200;
const samplePollMs = 60_000;

export function FailuresByName({ filter }: { readonly filter: TaskFilter }) {
  const failures = useFailures<{ readonly name: string }>(filter, "name");
  return (
    <FailureRanking
      title="Failures by name"
      failures={failures}
      filter={filter}
      keyOf={({ name }) => name}
      narrow={(name) => ({ name: [name] })}
    />
  );
}

export function FailuresByInstance({ filter }: { readonly filter: TaskFilter }) {
  const failures = useFailures<{ readonly instance_id: string }>(filter, "instance_id");
  return (
    <FailureRanking
      title="Failures by instance"
      failures={failures}
      filter={filter}
      keyOf={(group) => group.instance_id}
      narrow={(id) => ({ instance_id: [id] })}
      nameOf={(id) => <InstanceName id={id} />}
    />
  );
}

/** An instance by the name that its latest task gives it, with its id, which is all that is counted by. */
function InstanceName({ id }: { readonly id: string }) {
  const { project } = useReader();
  const params = new URLSearchParams({ instance_id: id, limit: "1" });
  const { data } = usePolled<{ readonly tasks: readonly TaskDocument[] }>(tasksApi(project.id, params), {
    everyMs: false,
    keepsLast: false,
  });
  const name = data?.tasks[0]?.instance.name ?? "";
  return name === "" ? (
    <bdi>{id}</bdi>
  ) : (
    <>
      <bdi>{name}</bdi> <bdi class="muted mono">{id}</bdi>
    </>
  );
}

function useFailures<Group>(filter: TaskFilter, groupBy: string): UseQueryResult<Counts<Group>, Error> {
  const { project } = useReader();
  const params = apiParams(within(filter, { state: ["failed"] }), { nowMs: useNowMs(overviewStepMs) });
  params.set("group_by", groupBy);
  return usePolled<Counts<Group>>(statsApi(project.id, params), { everyMs: rankingPollMs });
}

function FailureRanking<Group>(props: {
  readonly title: string;
  readonly failures: UseQueryResult<Counts<Group>, Error>;
  readonly filter: TaskFilter;
  readonly keyOf: (group: Group) => string;
  readonly narrow: (key: string) => Partial<TaskFilter>;
  readonly nameOf?: (key: string) => ComponentChildren;
}) {
  const { title, failures, filter, keyOf, narrow, nameOf } = props;
  const rows = useMemo(
    () =>
      failures.data?.groups
        .map((group) => ({ key: keyOf(group), value: group.count, text: countText(group.count) }))
        .sort((a, b) => b.value - a.value),
    [failures.data],
  );
  return (
    <Ranking
      title={title}
      note="failed tasks"
      nothing="Nothing failed in this time."
      rows={rows}
      isOfBefore={failures.isPlaceholderData}
      error={failures.error}
      onRetry={() => void failures.refetch()}
      filterOf={(key) => within(filter, { state: ["failed"], ...narrow(key) })}
      {...(nameOf === undefined ? {} : { nameOf })}
      tone="failed"
    />
  );
}

/** The names whose tasks take longest. */
export function SlowestNames({ filter }: { readonly filter: TaskFilter }) {
  const { project } = useReader();
  const params = apiParams(within(filter, { state: ["succeeded"] }), { nowMs: useNowMs(overviewStepMs) });
  params.set("limit", String(sampleSize));
  const ended = usePolled<{ readonly tasks: readonly TaskDocument[]; readonly total: number }>(
    tasksApi(project.id, params),
    { everyMs: samplePollMs },
  );
  const isSample = (ended.data?.total ?? 0) > sampleSize;
  const rows = useMemo(() => {
    // The list that a name leads to has more tasks than its median is of.
    const among = isSample ? ` of the last ${sampleSize}` : "";
    return (
      ended.data &&
      slowestNames(ended.data.tasks).map(({ name, medianMs, longestMs, count }) => ({
        key: name,
        value: medianMs,
        text: durationText(medianMs),
        title: `${name}: median of ${counted(count, "task")}${among} that succeeded; the longest took ${durationText(longestMs)}`,
      }))
    );
  }, [ended.data, isSample]);
  const note = isSample ? `median of the last ${sampleSize}` : "median duration";
  return (
    <Ranking
      title="Slowest names"
      note={rows === undefined ? "" : note}
      nothing="Nothing succeeded in this time."
      rows={rows}
      isOfBefore={ended.isPlaceholderData}
      error={ended.error}
      onRetry={() => void ended.refetch()}
      filterOf={(name) => within(filter, { state: ["succeeded"], name: [name] })}
      tone="running"
    />
  );
}

interface Row {
  readonly key: string;
  readonly value: number;
  readonly text: string;
  readonly title?: string;
}

/** What has most of something, with bars to compare by. */
function Ranking(props: {
  readonly title: string;
  readonly note: string;
  readonly nothing: string;
  readonly rows: readonly Row[] | undefined;
  /** Whether the rows still answer another question. */
  readonly isOfBefore: boolean;
  readonly error: Error | null;
  readonly onRetry: () => void;
  readonly filterOf: (key: string) => TaskFilter;
  /** How a key is shown; by itself unless given. */
  readonly nameOf?: (key: string) => ComponentChildren;
  readonly tone: string;
}) {
  const { project } = useReader();
  const { title, note, nothing, error, onRetry, filterOf, tone } = props;
  const [rows, holding] = useHeld(props.rows, `${props.isOfBefore} ${writeFilter(filterOf(""))}`);
  const { nameOf = (key: string) => <bdi>{key}</bdi> } = props;
  const most = Math.max(1, ...(rows ?? []).map(({ value }) => value));
  let content: ComponentChildren;
  if (rows !== undefined && rows.length === 0) {
    content = <p class="card-nothing muted">{nothing}</p>;
  } else if (rows !== undefined) {
    content = (
      <ol class="ranking">
        {rows.slice(0, mostRows).map(({ key, value, text, title }) => (
          <li key={key}>
            <TasksLink
              projectId={project.id}
              filter={filterOf(key)}
              className="ranking-row"
              title={title ?? key}
            >
              <span class="ranking-name cut">{nameOf(key)}</span>
              <span class="ranking-value">{text}</span>
              <span class="ranking-track" aria-hidden="true">
                <span
                  class={`ranking-fill mark-${tone}`}
                  style={{ inlineSize: `${(100 * value) / most}%` }}
                />
              </span>
            </TasksLink>
          </li>
        ))}
      </ol>
    );
  } else if (error !== null) {
    content = <Failure error={error} onRetry={onRetry} />;
  } else {
    content = <Loading what={title} lines={mostRows} />;
  }
  return (
    <section class="card" aria-label={title} {...holding}>
      <header class="card-head">
        <h2>{title}</h2>
        <span class="muted">{note}</span>
      </header>
      {content}
    </section>
  );
}
