import type { TaskDocument } from "../../../../src/client/types.ts";
import { ApiError } from "../../api/http.ts";
import { taskApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { Failure, Loading } from "../../components/notices.tsx";
import { TasksLink } from "../../components/task-links.tsx";
import { counted } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { Attempts, attemptsAfter, isAttemptAfter, mostChildren } from "./attempts.tsx";
import { RelatedCard, RelatedTask, relatedPollMs, useRelatedTasks } from "./related-card.tsx";

const mostNeighbours = 8;

/** What a task belongs to: its attempts, what it was begun by, what it began, and what happens to its instance. */
export function Related({ task }: { readonly task: TaskDocument }) {
  const { project } = useReader();
  const { parent_id: parentId } = task;
  const parent = usePolled<TaskDocument>(parentId === null ? undefined : taskApi(project.id, parentId), {
    everyMs: relatedPollMs,
  });
  const { data: began, error, refetch } = useRelatedTasks({ parent_id: task.id }, mostChildren);
  const before = parent.data !== undefined && isAttemptAfter(parent.data, task) ? parent.data : undefined;
  const after = attemptsAfter(task, began?.tasks);
  // The parent, before it is known, may be an attempt as well.
  const hasOrigin = before === undefined && (parent.data !== undefined || parent.error !== null);
  return (
    <>
      {(before !== undefined || after.length > 0) && <Attempts task={task} before={before} after={after} />}
      {parentId !== null && hasOrigin && (
        <Origin task={task} parentId={parentId} parent={parent.data} error={parent.error} />
      )}
      {/* Most tasks begin none, and their page has no place for it: but not to know is not to have none. */}
      {began === undefined && error !== null && (
        <RelatedCard title="What it began">
          <Failure error={error} onRetry={() => void refetch()} />
        </RelatedCard>
      )}
      {began !== undefined && began.total > after.length && (
        <RelatedCard title="What it began" filter={{ parent_id: [task.id] }} total={began.total}>
          <ul class="related">
            {began.tasks.map((child) => (
              <RelatedTask key={child.id} task={child} showsAttempt={child.attempt > 1} />
            ))}
          </ul>
        </RelatedCard>
      )}
      <Neighbours task={task} />
    </>
  );
}

/** The parent, and the other tasks that it began: parts of it, some of them in several attempts. */
function Origin(props: {
  readonly task: TaskDocument;
  readonly parentId: string;
  readonly parent: TaskDocument | undefined;
  readonly error: Error | null;
}) {
  const { project } = useReader();
  const { task, parentId, parent, error } = props;
  const siblings = useRelatedTasks({ parent_id: parentId }, mostChildren);
  const parts = (siblings.data?.tasks ?? []).toSorted((a, b) => a.attempt - b.attempt);
  return (
    <RelatedCard title={task.attempt > 1 ? `Attempt ${task.attempt}, begun by` : "Begun by"}>
      {parent === undefined ? (
        <p class="card-nothing muted">
          {parentNote(error)} <code>{parentId}</code>
        </p>
      ) : (
        <ul class="related">
          <RelatedTask task={parent} showsInstance={parent.instance.id !== task.instance.id} />
        </ul>
      )}
      {siblings.data === undefined && siblings.error !== null && (
        <p class="card-nothing muted">The other tasks with the same parent could not be read.</p>
      )}
      {parts.length > 1 && (
        <>
          <h3 class="related-title">
            <TasksLink projectId={project.id} filter={{ parent_id: [parentId] }}>
              {counted(siblings.data?.total ?? parts.length, "task")}
            </TasksLink>{" "}
            with the same parent
          </h3>
          <ul class="related">
            {parts.map((one) => (
              <RelatedTask key={one.id} task={one} isThis={one.id === task.id} showsAttempt />
            ))}
          </ul>
        </>
      )}
    </RelatedCard>
  );
}

/** What stands before the parent's id where the parent itself cannot be shown. */
function parentNote(error: Error | null): string {
  const isGone = error instanceof ApiError && error.status === 404;
  return isGone ? "Its parent is not recorded here, or no longer:" : "Its parent could not be read:";
}

function Neighbours({ task }: { readonly task: TaskDocument }) {
  const { instance } = task;
  const { data, error, refetch } = useRelatedTasks({ instance_id: instance.id }, mostNeighbours);
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
