import type { TaskState } from "../../../src/task/lifecycle.ts";
import { Icon, type IconName } from "./icon.tsx";

/** How each state is marked: never by its colour alone. */
export const stateMarks: Readonly<Record<TaskState, { readonly icon: IconName; readonly label: string }>> = {
  pending: { icon: "clock", label: "Pending" },
  running: { icon: "play", label: "Running" },
  succeeded: { icon: "check", label: "Succeeded" },
  failed: { icon: "fail", label: "Failed" },
  canceled: { icon: "ban", label: "Canceled" },
};

/** Where a task stands, in its service's word and the colour of its state; and whether its producer has gone silent. */
export function StateBadge(props: {
  readonly state: TaskState;
  /** The service's word; the state's own name where it is left out. */
  readonly status?: string;
  readonly stale?: boolean;
}) {
  const { state, stale = false } = props;
  const { icon, label } = stateMarks[state];
  return (
    <span class="badges">
      <span class={`badge badge-${state}`}>
        <Icon name={icon} size={12} />
        {props.status ?? label}
      </span>
      {stale && (
        <span class="badge badge-stale" title="Its producer has been silent for longer than it promised">
          <Icon name="alert" size={12} />
          stale
        </span>
      )}
    </span>
  );
}
