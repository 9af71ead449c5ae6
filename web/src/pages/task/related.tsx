import type { ComponentChildren } from "preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { ApiError } from "../../api/http.ts";
import { taskApi, tasksApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { Failure, Loading } from "../../components/notices.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { TaskLink, TasksLink } from "../../components/task-links.tsx";
import { Age } from "../../components/times.tsx";
import { counted } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import type { TaskFilter } from "../../view/task-filter.ts";

/** How often what is around a task is asked for again, in milliseconds. */
const relatedPollMs = 10_000;
const mostNeighbours = 8;
const mostChildren = 20;

interface TaskList {
  readonly tasks: readonly TaskDocument[];
  readonly total: number;
}

/** What a task belongs to: what it was begun by, its attempts, what it began, and what happens to its instance. */
export function Related({ task }: { readonly task: TaskDocument }) {
  return (
    <>
      {task.parent_id !== null && <Origin task={task} parentId={task.parent_id} />}
      <Children task={task} />
      <Neighbours task={task} />
    </>
  );
}

/** The parent, and the other tasks that it began: a retry is one of them, with an attempt of its own. */
function Origin({ task, parentId }: { readonly task: TaskDocument; readonly parentId: string }) {
  const { project } = useReader();
  const parent = usePolled<TaskDocument>(taskApi(project.id, parentId), { everyMs: relatedPollMs });
  const siblings = useTasks({ parent_id: parentId }, mostChildren);
  const attempts = (siblings.data?.tasks ?? []).toSorted((a, b) => a.attempt - b.attempt);
  return (
    <RelatedCard title={task.attempt > 1 ? `Attempt ${task.attempt}, begun by` : "Begun by"}>
      {parent.data === undefined ? (
        <p class="card-nothing muted">
          {parentNote(parent.error)} <code>{parentId}</code>
        </p>
      ) : (
        <ul class="related">
          <RelatedTask task={parent.data} showsInstance={parent.data.instance.id !== task.instance.id} />
        </ul>
      )}
      {siblings.data === undefined && siblings.error !== null && (
        <p class="card-nothing muted">The other tasks with the same parent could not be read.</p>
      )}
      {attempts.length > 1 && (
        <>
          <h3 class="related-title">
            <TasksLink projectId={project.id} filter={{ parent_id: [parentId] }}>
              {counted(siblings.data?.total ?? attempts.length, "task")}
            </TasksLink>{" "}
            with the same parent
          </h3>
          <ul class="related">
            {attempts.map((one) => (
              <RelatedTask key={one.id} task={one} isThis={one.id === task.id} showsAttempt />
            ))}
          </ul>
        </>
      )}
    </RelatedCard>
  );
}

/** What stands before the parent's id where the parent itself can not be shown. */
function parentNote(error: Error | null): string {
  if (error === null) return "…";
  const isGone = error instanceof ApiError && error.status === 404;
  return isGone ? "Its parent is not recorded here, or no longer:" : "Its parent could not be read:";
}

/** What this task began: parts of it, or attempts after it. */
function Children({ task }: { readonly task: TaskDocument }) {
  const { data, error, refetch } = useTasks({ parent_id: task.id }, mostChildren);
  const title = "What it began";
  // Most tasks begin none, and their page has no place for it: but not to know is not to have none.
  if (data === undefined && error !== null) {
    return (
      <RelatedCard title={title}>
        <Failure error={error} onRetry={() => void refetch()} />
      </RelatedCard>
    );
  }
  if (data === undefined || data.total === 0) return null;
  return (
    <RelatedCard title={title} filter={{ parent_id: [task.id] }} total={data.total}>
      <ul class="related">
        {data.tasks.map((child) => (
          <RelatedTask key={child.id} task={child} showsAttempt={child.attempt > 1} />
        ))}
      </ul>
    </RelatedCard>
  );
}

function Neighbours({ task }: { readonly task: TaskDocument }) {
  const { instance } = task;
  const { data, error, refetch } = useTasks({ instance_id: instance.id }, mostNeighbours);
  return (
    <RelatedCard
      title={`Tasks of ${instance.name === "" ? instance.id : instance.name}`}
      filter={{ instance_id: [instance.id] }}
      total={data?.total}
    >
      {data === undefined ? (
        error === null ? (
          <Loading what="the tasks of the instance" lines={mostNeighbours} />
        ) : (
          <Failure error={error} onRetry={() => void refetch()} />
        )
      ) : data.total <= 1 ? (
        <p class="card-nothing muted">No other task of it is recorded.</p>
      ) : (
        <ul class="related">
          {data.tasks.map((one) => (
            <RelatedTask key={one.id} task={one} isThis={one.id === task.id} />
          ))}
        </ul>
      )}
    </RelatedCard>
  );
}

function useTasks(query: Readonly<Record<string, string>>, limit: number) {
  const { project } = useReader();
  const params = new URLSearchParams({ ...query, limit: String(limit) });
  return usePolled<TaskList>(tasksApi(project.id, params), { everyMs: relatedPollMs });
}

function RelatedCard(props: {
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

function RelatedTask(props: {
  readonly task: TaskDocument;
  readonly isThis?: boolean;
  readonly showsAttempt?: boolean;
  readonly showsInstance?: boolean;
}) {
  const { project } = useReader();
  const { task, isThis = false, showsAttempt = false, showsInstance = false } = props;
  const content = (
    <>
      <span class="cut" title={task.name}>
        <bdi>{task.name}</bdi>
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
