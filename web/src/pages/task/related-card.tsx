import type { ComponentChildren } from "preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { tasksApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { StateBadge } from "../../components/state-badge.tsx";
import { TaskLink, TasksLink } from "../../components/task-links.tsx";
import { Age } from "../../components/times.tsx";
import { counted } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import type { TaskFilter } from "../../view/task-filter.ts";

/** How often what is around a task is asked for again, in milliseconds. */
export const relatedPollMs = 10_000;

interface TaskList {
  readonly tasks: readonly TaskDocument[];
  readonly total: number;
}

/** The newest tasks of a filter, as many as `limit`; without a filter none are asked for. */
export function useRelatedTasks(query: Readonly<Record<string, string>> | undefined, limit: number) {
  const { project } = useReader();
  const params = new URLSearchParams({ ...query, limit: String(limit) });
  const path = query === undefined ? undefined : tasksApi(project.id, params);
  return usePolled<TaskList>(path, { everyMs: relatedPollMs });
}

/** Tasks that have to do with the one that is shown. */
export function RelatedCard(props: {
  readonly title: string;
  readonly filter?: Partial<TaskFilter>;
  readonly total?: number | undefined;
  readonly children: ComponentChildren;
}) {
  const { project } = useReader();
  const { title, filter, total, children } = props;
  return (
    <section class="card" aria-label={title}>
      <header class="card-head">
        <h2 class="cut" title={title}>
          <bdi>{title}</bdi>
        </h2>
        {filter !== undefined && total !== undefined && (
          <TasksLink projectId={project.id} filter={filter}>
            {counted(total, "task")}
          </TasksLink>
        )}
      </header>
      {children}
    </section>
  );
}

/** One of them, in a line that leads to it. */
export function RelatedTask(props: {
  readonly task: TaskDocument;
  readonly isThis?: boolean;
  /** What it is called where its name would say nothing. */
  readonly label?: string;
  readonly showsAttempt?: boolean;
  readonly showsInstance?: boolean;
}) {
  const { project } = useReader();
  const { task, isThis = false, label = task.name, showsAttempt = false, showsInstance = false } = props;
  const content = (
    <>
      <span class="cut" title={label}>
        <bdi>{label}</bdi>
        {showsAttempt && <span class="muted"> attempt {task.attempt}</span>}
        {showsInstance && <bdi class="muted"> {task.instance.name || task.instance.id}</bdi>}
      </span>
      <StateBadge state={task.state} status={task.status} stale={task.stale} />
      <span class="related-age muted">
        <Age at={task.created_at} />
      </span>
    </>
  );
  return (
    <li>
      {isThis ? (
        <span class="related-row related-this" aria-current="true" title="This task">
          {content}
        </span>
      ) : (
        <TaskLink projectId={project.id} id={task.id} className="related-row">
          {content}
        </TaskLink>
      )}
    </li>
  );
}
