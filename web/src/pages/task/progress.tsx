import { useMemo } from "preact/hooks";
import type { HistoryEntryDocument, TaskDocument } from "../../../../src/client/types.ts";
import { Chart } from "../../charts/chart.tsx";
import { useNowMs } from "../../clock.ts";
import { durationText } from "../../format/duration.ts";
import { progressPoints, statusMarks } from "./history-lines.ts";

const loadSteps = () =>
  import("../../charts/progress-steps.ts").then(({ drawProgressSteps }) => drawProgressSteps);
const chartHeight = 130;
/** The end of a running task's chart moves by steps: it is drawn anew with each. */
const stepMs = 5000;

/** How far the task was over time; nothing where it never said. */
export function Progress(props: {
  readonly task: TaskDocument;
  readonly history: readonly HistoryEntryDocument[];
}) {
  const { task, history } = props;
  const nowMs = useNowMs(stepMs);
  const points = useMemo(() => progressPoints(history), [history]);
  const fromMs = Date.parse(task.started_at ?? task.created_at);
  const toMs = task.ended_at === null ? nowMs : Date.parse(task.ended_at);
  const input = useMemo(
    () => ({
      points,
      marksMs: statusMarks(history).map(({ atMs }) => atMs),
      fromMs: Math.min(fromMs, points[0]?.atMs ?? fromMs),
      toMs: Math.max(toMs, points.at(-1)?.atMs ?? toMs),
      height: chartHeight,
      token: task.state,
    }),
    [points, history, fromMs, toMs, task.state],
  );
  if (points.length < 2) return null;
  const last = points.at(-1);
  return (
    <section class="card" aria-label="Progress over time">
      <header class="card-head">
        <h2>Progress over time</h2>
        <span class="muted">dashed where the status changed</span>
      </header>
      <div class="progress-chart">
        <Chart
          load={loadSteps}
          input={input}
          label={`Progress over ${durationText(toMs - fromMs)}, in ${points.length} reports, to ${Math.floor(last?.percent ?? 0)} percent; the timeline below says the same`}
        />
      </div>
    </section>
  );
}
