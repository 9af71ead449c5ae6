import type { ComponentChildren } from "preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { Icon } from "../../components/icon.tsx";
import { ProgressBar } from "../../components/progress-bar.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Age, Duration, Moment } from "../../components/times.tsx";
import { timeText } from "../../format/time.ts";
import { serviceLabels } from "../../view/service-labels.ts";
import type { ListKey } from "../../view/task-filter.ts";
import type { Column } from "./columns.ts";

/** What a cell needs beside its task. */
export interface CellContext {
  readonly task: TaskDocument;
  readonly showsMoments: boolean;
  /** Whether the Tab key reaches what the row offers. */
  readonly isCurrent: boolean;
  /** The link that opens the task. */
  readonly nameLink: ComponentChildren;
  /** Lists only the tasks that are like this one. */
  readonly onOnly: (key: ListKey, value: string) => void;
}

/** What each column shows of a task. */
export const cells: Readonly<Record<Column, (context: CellContext) => ComponentChildren>> = {
  status: ({ task }) => <StateBadge state={task.state} status={task.status} stale={task.stale} />,
  name: ({ task, nameLink, ...more }) => (
    <WithOnly what="of this name" listKey="name" value={task.name} {...more}>
      {nameLink}
    </WithOnly>
  ),
  instance: ({ task: { instance }, ...more }) => (
    <WithOnly what="of this instance" listKey="instance_id" value={instance.id} {...more}>
      <span
        class="instance-text cut"
        title={instance.name === "" ? instance.id : `${instance.name} · ${instance.id}`}
      >
        {instance.name !== "" && (
          <>
            <bdi>{instance.name}</bdi>{" "}
          </>
        )}
        <bdi class={`mono ${instance.name === "" ? "" : "muted"}`}>{instance.id}</bdi>
      </span>
    </WithOnly>
  ),
  service: ({ task }) => serviceLabels[task.service],
  kind: ({ task }) => task.kind,
  database: ({ task, ...more }) =>
    task.database_name === "" ? (
      <Nothing />
    ) : (
      <WithOnly what="of this database" listKey="database_name" value={task.database_name} {...more}>
        <Text text={task.database_name} />
      </WithOnly>
    ),
  progress: ({ task }) => (
    <ProgressBar percent={task.progress} state={task.state} label={`${task.name} ${task.id}`} />
  ),
  created: ({ task, showsMoments }) => <Time at={task.created_at} showsMoments={showsMoments} />,
  started: ({ task, showsMoments }) => <Time at={task.started_at} showsMoments={showsMoments} />,
  duration: ({ task }) => <TaskDuration task={task} />,
  ended: ({ task, showsMoments }) => <Time at={task.ended_at} showsMoments={showsMoments} />,
  planned: ({ task }) => <PlannedWindow task={task} />,
  priority: ({ task }) => task.priority ?? <Nothing />,
  reason: ({ task }) =>
    task.fail_reason === "" ? (
      <Nothing />
    ) : (
      <span class={task.state === "failed" ? "reason-failed" : ""}>
        <Reason text={task.fail_reason} />
      </span>
    ),
  labels: ({ task }) => <Labels labels={task.labels} />,
  creator: ({ task }) => <Text text={task.created_by} />,
  order: ({ task }) => (task.order_id === "" ? <Nothing /> : <Text text={task.order_id} />),
  attempt: ({ task }) => task.attempt,
  id: ({ task }) => (
    <span class="cell-with-action">
      <span class="mono cut" title={task.id}>
        {task.id}
      </span>
      <span class="cell-action">
        <CopyButton text={task.id} name={`Copy the id ${task.id}`} />
      </span>
    </span>
  ),
};

/** How long a task has been at work, or was; nothing for one that has not begun. */
export function TaskDuration({ task }: { readonly task: TaskDocument }) {
  return task.started_at === null ? <Nothing /> : <Duration from={task.started_at} to={task.ended_at} />;
}

function Nothing() {
  return <span class="muted">–</span>;
}

/** What a producer wrote, on one line: it may be of any length, in any script, in any direction. */
export function Text({ text, title = text }: { readonly text: string; readonly title?: string }) {
  return (
    <bdi class="cut cell-text" title={title}>
      {text}
    </bdi>
  );
}

/** Why a task failed, on one line: the first of what was said. */
export function Reason({ text }: { readonly text: string }) {
  return <Text text={text.trimStart().split("\n", 1)[0] ?? ""} title={text} />;
}

function Time({ at, showsMoments }: { readonly at: string | null; readonly showsMoments: boolean }) {
  if (at === null) return <Nothing />;
  return showsMoments ? <Moment at={at} /> : <Age at={at} />;
}

function PlannedWindow({ task }: { readonly task: TaskDocument }) {
  const { planned_start_at: from, planned_end_at: to } = task;
  if (from === null)
    return to === null ? (
      <Nothing />
    ) : (
      <>
        until <Moment at={to} />
      </>
    );
  if (to === null)
    return (
      <>
        from <Moment at={from} />
      </>
    );
  const [start, end] = [timeText(Date.parse(from)), timeText(Date.parse(to))];
  const isOneDay = start.slice(0, 10) === end.slice(0, 10);
  return (
    <span title={`${start} – ${end}`}>
      {start.slice(0, 16)} – {isOneDay ? end.slice(11, 16) : end.slice(5, 16)}
    </span>
  );
}

function Labels({ labels }: { readonly labels: TaskDocument["labels"] }) {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? <Nothing /> : <Text text={texts.join("  ")} title={texts.join("\n")} />;
}

/** A value, and the button that lists only the tasks that have it: seen when the row is pointed at or reached. */
function WithOnly(
  props: Pick<CellContext, "isCurrent" | "onOnly"> & {
    readonly what: string;
    readonly listKey: ListKey;
    readonly value: string;
    readonly children: ComponentChildren;
  },
) {
  const { what, listKey, value, isCurrent, onOnly, children } = props;
  return (
    <span class="cell-with-action">
      {children}
      <button
        type="button"
        class="cell-action button button-quiet button-icon"
        tabIndex={isCurrent ? 0 : -1}
        aria-label={`Only tasks ${what}: ${value}`}
        title={`Only tasks ${what}`}
        onClick={() => onOnly(listKey, value)}
      >
        <Icon name="filter" size={13} />
      </button>
    </span>
  );
}
