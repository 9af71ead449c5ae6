import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import { listPath, taskPath } from "../view/links.ts";
import type { TaskFilter } from "../view/task-filter.ts";

/** Leads to the tasks that a figure or a word stands for. */
export function TasksLink(props: {
  readonly projectId: string;
  readonly filter: Partial<TaskFilter>;
  readonly className?: string;
  readonly title?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <Link
      href={listPath(props.projectId, props.filter)}
      {...(props.className === undefined ? {} : { className: props.className })}
      {...(props.title === undefined ? {} : { title: props.title })}
    >
      {props.children}
    </Link>
  );
}

/** Leads to one task. */
export function TaskLink(props: {
  readonly projectId: string;
  readonly id: string;
  readonly className?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <Link
      href={taskPath(props.projectId, props.id)}
      {...(props.className === undefined ? {} : { className: props.className })}
    >
      {props.children}
    </Link>
  );
}
