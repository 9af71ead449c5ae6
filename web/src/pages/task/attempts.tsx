import type { TaskDocument } from "../../../../src/client/types.ts";
import { ApiError } from "../../api/http.ts";
import { taskApi } from "../../api/paths.ts";
import { usePolled } from "../../api/polled.ts";
import { TaskLink } from "../../components/task-links.tsx";
import { useReader } from "../../session-context.tsx";
import { RelatedCard, RelatedTask, relatedPollMs, useRelatedTasks } from "./related-card.tsx";

/** How many of the tasks that one began are looked at, the newest. */
export const mostChildren = 20;
/** How many attempts are followed from one to the next, each way: each is a question of its own. */
const mostSteps = 5;

/** Whether a task tries again what another one did not achieve: the same work, and not a part of it. */
export function isAttemptAfter(before: TaskDocument, task: TaskDocument): boolean {
  return (
    task.parent_id === before.id &&
    task.attempt > before.attempt &&
    task.name === before.name &&
    task.instance.id === before.instance.id
  );
}

/** Those of the tasks that one began which try it again, oldest first. */
export function attemptsAfter(
  task: TaskDocument,
  began: readonly TaskDocument[] = [],
): readonly TaskDocument[] {
  return began.filter((one) => isAttemptAfter(task, one)).toReversed();
}

/** All attempts at the work of a task, the first one at the top: whether, and which of them, has succeeded. */
export function Attempts(props: {
  readonly task: TaskDocument;
  readonly before: TaskDocument | undefined;
  readonly after: readonly TaskDocument[];
}) {
  const { task, before, after } = props;
  return (
    <RelatedCard title="Attempts">
      <ol class="related">
        {before !== undefined && <Earlier key={before.id} task={before} step={1} />}
        <RelatedTask task={task} label={labelOf(task)} isThis />
        <Later attempts={after} step={1} />
      </ol>
    </RelatedCard>
  );
}

/** An attempt, and those before it. */
function Earlier({ task, step }: { readonly task: TaskDocument; readonly step: number }) {
  const { project } = useReader();
  const { parent_id: parentId } = task;
  const hasParent = task.attempt > 1 && parentId !== null;
  const { data, error } = usePolled<TaskDocument>(
    hasParent && step < mostSteps ? taskApi(project.id, parentId) : undefined,
    { everyMs: relatedPollMs, keepsLast: false },
  );
  return (
    <>
      {data !== undefined && isAttemptAfter(data, task) && (
        <Earlier key={data.id} task={data} step={step + 1} />
      )}
      {data === undefined && error !== null && <Unread error={error}>The attempts before this one</Unread>}
      {hasParent && step === mostSteps && <Further id={parentId}>Attempts before these</Further>}
      <RelatedTask task={task} label={labelOf(task)} />
    </>
  );
}

/** What came after an attempt, and what came after the latest of that. */
function Later({ attempts, step }: { readonly attempts: readonly TaskDocument[]; readonly step: number }) {
  const latest = attempts.at(-1);
  if (latest === undefined) return null;
  return (
    <>
      {attempts.map((one) => (
        <RelatedTask key={one.id} task={one} label={labelOf(one)} />
      ))}
      {step < mostSteps ? (
        <After key={latest.id} task={latest} step={step + 1} />
      ) : (
        mayBeTriedAgain(latest) && <Further id={latest.id}>Attempts after these, if any</Further>
      )}
    </>
  );
}

function After({ task, step }: { readonly task: TaskDocument; readonly step: number }) {
  const query = mayBeTriedAgain(task) ? { parent_id: task.id } : undefined;
  const { data, error } = useRelatedTasks(query, mostChildren);
  if (data === undefined && error !== null) return <Unread error={error}>The attempts after this one</Unread>;
  return <Later attempts={attemptsAfter(task, data?.tasks)} step={step} />;
}

/** Nobody tries again what has succeeded, or has not ended. */
function mayBeTriedAgain({ state }: TaskDocument): boolean {
  return state === "failed" || state === "canceled";
}

/** In the place of attempts that may be there, and could not be read. */
function Unread({ error, children }: { readonly error: Error; readonly children: string }) {
  const isGone = error instanceof ApiError && error.status === 404;
  return (
    <li class="card-nothing muted">
      {children} {isGone ? "are not recorded here, or no longer." : "could not be read."}
    </li>
  );
}

/** Leads on to attempts that are too many to be shown here. */
function Further({ id, children }: { readonly id: string; readonly children: string }) {
  const { project } = useReader();
  return (
    <li>
      <TaskLink projectId={project.id} id={id} className="related-row">
        {children}
      </TaskLink>
    </li>
  );
}

function labelOf({ attempt }: TaskDocument): string {
  return `Attempt ${attempt}`;
}
