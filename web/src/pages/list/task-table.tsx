import type { ComponentChildren } from "preact";
import { Link, useLocation, useRouter } from "wouter-preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { Icon } from "../../components/icon.tsx";
import { ProgressBar } from "../../components/progress-bar.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Age } from "../../components/times.tsx";
import { useReader } from "../../session-context.tsx";
import { taskPath } from "../../view/links.ts";
import type { ListKey } from "../../view/task-filter.ts";
import { type Column, columns as columnTable, columnWidth } from "./columns.ts";
import type { Row } from "./list-rows.ts";
import type { ListOrder } from "./list-view.ts";
import { cells, Reason, TaskDuration, Text } from "./task-cells.tsx";
import type { Reading } from "./use-reading.ts";

interface RowsProps {
  readonly rows: readonly Row[];
  readonly reading: Reading;
  /** A task is about to be opened in place of the list. */
  readonly onOpen: (taskId: string) => void;
}

/** What a row says of itself beside its task. */
function rowClass({ isNew, hasLeft }: Row): string {
  return `${isNew ? "row-new" : ""} ${hasLeft ? "row-left" : ""}`.trim();
}

const leftTitle = "No longer on this page";

/** Tasks as a table, for whoever has the room. */
export function TaskTable(
  props: RowsProps & {
    readonly columns: readonly Column[];
    readonly showsMoments: boolean;
    readonly order: ListOrder;
    readonly onTurn: () => void;
    readonly onOnly: (key: ListKey, value: string) => void;
  },
) {
  const { rows, reading, onOpen, columns, showsMoments, onOnly } = props;
  const open = useOpenTask(onOpen);
  return (
    <Frame {...props}>
      <tbody>
        {rows.map((row) => {
          const { task } = row;
          const isCurrent = task.id === reading.currentId;
          return (
            // The row is a larger target for the pointer alone: by keyboard the link in it is reached.
            <tr
              key={task.id}
              class={rowClass(row)}
              {...(row.hasLeft ? { title: leftTitle } : {})}
              onClick={(event) => open(event, task.id)}
              onAuxClick={(event) => open(event, task.id)}
            >
              {columns.map((column) => (
                <td key={column} class={`cell-${column}`}>
                  {cells[column]({
                    task,
                    showsMoments,
                    isCurrent,
                    onOnly,
                    nameLink: (
                      <NameLink task={task} isCurrent={isCurrent} reading={reading} onOpen={onOpen} />
                    ),
                  })}
                  {column === "status" && row.hasLeft && <span class="visually-hidden">. {leftTitle}.</span>}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </Frame>
  );
}

/** The table that is on its way, in its true shape. */
export function TaskTableSkeleton(props: {
  readonly columns: readonly Column[];
  readonly showsMoments: boolean;
  readonly order: ListOrder;
  readonly lines: number;
}) {
  return (
    <div role="status">
      <span class="visually-hidden">Loading tasks …</span>
      <div aria-hidden="true">
        <Frame {...props}>
          <tbody>
            {Array.from({ length: props.lines }, (_, line) => (
              <tr key={line}>
                {props.columns.map((column) => (
                  <td key={column}>
                    <span class="skeleton-line cell-skeleton" />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </Frame>
      </div>
    </div>
  );
}

function Frame(props: {
  readonly columns: readonly Column[];
  readonly showsMoments: boolean;
  readonly order: ListOrder;
  readonly onTurn?: () => void;
  readonly children: ComponentChildren;
}) {
  const { columns, showsMoments, order, onTurn, children } = props;
  const widths = columns.map((column) => columnWidth(column, showsMoments));
  const least = widths.reduce((sum, width) => sum + width, 0);
  return (
    <table class="tasks" aria-label="Tasks" style={{ minWidth: `${least}rem` }}>
      <colgroup>
        {columns.map((column, at) => (
          <col key={column} style={columnTable[column].grows ? {} : { width: `${widths[at]}rem` }} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map((column) =>
            column === "created" ? (
              <th key={column} scope="col" aria-sort={order === "newest" ? "descending" : "ascending"}>
                <button
                  type="button"
                  class="sort-button"
                  title={
                    order === "newest"
                      ? "Newest first; show the oldest first"
                      : "Oldest first; show the newest first"
                  }
                  disabled={onTurn === undefined}
                  onClick={onTurn}
                >
                  Created
                  <span class={order === "newest" ? "sort-mark" : "sort-mark sort-mark-up"}>
                    <Icon name="chevronDown" size={12} />
                  </span>
                </button>
              </th>
            ) : (
              <th key={column} scope="col">
                {columnTable[column].label}
              </th>
            ),
          )}
        </tr>
      </thead>
      {children}
    </table>
  );
}

/** Tasks as cards of two lines, for a phone; those that failed have a third, which says why. */
export function TaskCards({ rows, reading, onOpen }: RowsProps) {
  const open = useOpenTask(onOpen);
  return (
    <ul aria-label="Tasks">
      {rows.map((row) => {
        const { task } = row;
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: The card is a larger target for the finger alone: by keyboard the link in it is reached.
          <li key={task.id} class={`task-card ${rowClass(row)}`} onClick={(event) => open(event, task.id)}>
            <div class="task-card-line">
              <NameLink
                task={task}
                isCurrent={task.id === reading.currentId}
                reading={reading}
                onOpen={onOpen}
              />
              <span class="task-card-age muted">
                <Age at={task.created_at} />
              </span>
            </div>
            <div class="task-card-line">
              <StateBadge state={task.state} status={task.status} stale={task.stale} />
              <span class="task-card-instance muted">
                <Text text={task.instance.name === "" ? task.instance.id : task.instance.name} />
              </span>
              <span class="task-card-progress">
                {task.state === "running" ? (
                  <ProgressBar percent={task.progress} state={task.state} label={`${task.name} ${task.id}`} />
                ) : (
                  task.started_at !== null && (
                    <span class="muted">
                      <TaskDuration task={task} />
                    </span>
                  )
                )}
              </span>
            </div>
            {task.state === "failed" && task.fail_reason !== "" && (
              <p class="task-card-reason reason-failed">
                <Reason text={task.fail_reason} />
              </p>
            )}
            {row.hasLeft && <p class="task-card-left muted">{leftTitle}.</p>}
          </li>
        );
      })}
    </ul>
  );
}

/** The link of a row. Of all rows the Tab key reaches one; the other keys lead from there. */
function NameLink(props: {
  readonly task: TaskDocument;
  readonly isCurrent: boolean;
  readonly reading: Reading;
  readonly onOpen: (taskId: string) => void;
}) {
  const { task, isCurrent, reading, onOpen } = props;
  const { project } = useReader();
  return (
    <Link
      href={taskPath(project.id, task.id)}
      className="task-name cut"
      title={task.name}
      data-task={task.id}
      tabIndex={isCurrent ? 0 : -1}
      onFocus={() => reading.onRowFocus(task.id)}
      onClick={(event: MouseEvent) => {
        if (!opensElsewhere(event)) onOpen(task.id);
      }}
    >
      <bdi>{task.name}</bdi>
    </Link>
  );
}

function opensElsewhere(event: MouseEvent): boolean {
  return event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button === 1;
}

/** Opens a task by a click anywhere on its row, unless it was meant for something in it, or for its text. */
function useOpenTask(onOpen: (taskId: string) => void): (event: MouseEvent, taskId: string) => void {
  const { project } = useReader();
  const [, navigate] = useLocation();
  const { base } = useRouter();
  return (event, taskId) => {
    const { target } = event;
    if (event.button > 1 || !(target instanceof Element) || target.closest("a, button") !== null) return;
    if (document.getSelection()?.isCollapsed === false) return;
    const path = taskPath(project.id, taskId);
    if (opensElsewhere(event)) {
      window.open(`${base}${path}`, "_blank", "noopener");
      return;
    }
    onOpen(taskId);
    navigate(path);
  };
}
