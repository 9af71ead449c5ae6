import type { ComponentChildren } from "preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { tasksApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { useNowMs } from "../../clock.ts";
import { Failure, Loading } from "../../components/notices.tsx";
import { ProgressBar } from "../../components/progress-bar.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { TaskLink, TasksLink } from "../../components/task-links.tsx";
import { Age } from "../../components/times.tsx";
import { counted } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams, emptyFilter, type TaskFilter, writeFilter } from "../../view/task-filter.ts";
import { useHeld } from "./use-held.ts";
import { overviewStepMs, within } from "./use-now.ts";

/** How many tasks each of these lists shows, and as how many lines they stand there while they are on their way. */
const mostTasks = 6;
const linesOfLoading = 9;

/** The running tasks that were created longest ago: where something hangs, it is here. The ages say the same order. */
export function OldestRunning({ filter }: { readonly filter: TaskFilter }) {
  return (
    <TaskCard
      title="Oldest still running"
      nothing="Nothing is running."
      filter={{ ...emptyFilter, service: filter.service, state: ["running"] }}
      sort="created_at"
    >
      {(task) => (
        <>
          <span class="task-row-end">
            <Age at={task.created_at} />
          </span>
          <span class="task-row-below">
            <ProgressBar percent={task.progress} state={task.state} label={task.name} />
          </span>
        </>
      )}
    </TaskCard>
  );
}

/** What failed of the newest tasks, and why; in the order of the list that it leads to. */
export function LatestFailures({ filter }: { readonly filter: TaskFilter }) {
  return (
    <TaskCard
      title="Newest failed tasks"
      nothing="Nothing failed in this time."
      filter={within(filter, { state: ["failed"] })}
      sort="-created_at"
    >
      {(task) => (
        <>
          <span class="task-row-end">
            <Age at={task.created_at} />
          </span>
          <span class="task-row-below cut muted" title={task.fail_reason}>
            <bdi>{task.fail_reason === "" ? "No reason was given." : task.fail_reason.split("\n", 1)[0]}</bdi>
          </span>
        </>
      )}
    </TaskCard>
  );
}

function TaskCard(props: {
  readonly title: string;
  readonly nothing: string;
  readonly filter: TaskFilter;
  readonly sort: "created_at" | "-created_at";
  readonly children: (task: TaskDocument) => ComponentChildren;
}) {
  const { project } = useReader();
  const { title, nothing, filter, sort, children } = props;
  const params = apiParams(filter, { nowMs: useNowMs(overviewStepMs) });
  params.set("sort", sort);
  params.set("limit", String(mostTasks));
  const {
    data: latest,
    error,
    refetch,
    isPlaceholderData,
  } = usePolled<{
    readonly tasks: readonly TaskDocument[];
    readonly total: number;
  }>(tasksApi(project.id, params));
  const [data, holding] = useHeld(latest, `${isPlaceholderData} ${writeFilter(filter)}`);
  return (
    <section class="card" aria-label={title} {...holding}>
      <header class="card-head">
        <h2>{title}</h2>
        {data !== undefined && data.total > 0 && (
          <TasksLink projectId={project.id} filter={filter}>
            {counted(data.total, "task")}
          </TasksLink>
        )}
      </header>
      {data === undefined ? (
        error === null ? (
          <Loading what={title} lines={linesOfLoading} />
        ) : (
          <Failure error={error} onRetry={() => void refetch()} />
        )
      ) : data.total === 0 ? (
        <p class="card-nothing muted">{nothing}</p>
      ) : (
        <ul class="task-rows">
          {data.tasks.map((task) => (
            <li key={task.id}>
              <TaskLink projectId={project.id} id={task.id} className="task-row">
                <StateBadge state={task.state} status={task.status} stale={task.stale} />
                <span
                  class="task-row-name cut"
                  title={`${task.name} ${task.instance.name || task.instance.id}`}
                >
                  <b>
                    <bdi>{task.name}</bdi>
                  </b>{" "}
                  <span class="muted">
                    <bdi>{task.instance.name === "" ? task.instance.id : task.instance.name}</bdi>
                  </span>
                </span>
                {children(task)}
              </TaskLink>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
