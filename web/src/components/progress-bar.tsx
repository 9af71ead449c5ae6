import type { TaskState } from "../../../src/task/lifecycle.ts";

/** How far a task is. One that does not say how far shows that it moves, while it runs. */
export function ProgressBar(props: {
  readonly percent: number | null;
  readonly state: TaskState;
  /** What is progressing, for those who cannot see the row around it. */
  readonly label: string;
}) {
  const { percent, state, label } = props;
  if (percent === null && state !== "running") return <span class="muted">–</span>;
  const isUnknown = percent === null;
  return (
    <span class="progress">
      <span
        class={`progress-track progress-${state}${isUnknown ? " progress-unknown" : ""}`}
        role="progressbar"
        aria-label={`Progress of ${label}`}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(isUnknown ? {} : { "aria-valuenow": percent })}
      >
        <span class="progress-fill" style={isUnknown ? {} : { inlineSize: `${percent}%` }} />
      </span>
      <span
        class="progress-text"
        {...(isUnknown ? { title: "It runs, and has not said how far it is" } : {})}
      >
        {isUnknown ? "…" : `${Math.floor(percent)} %`}
      </span>
    </span>
  );
}
