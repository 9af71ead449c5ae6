import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { DrawnChart } from "./chart.tsx";
import { paletteOf } from "./palette.ts";
import { timeLabels, timeSteps } from "./time-labels.ts";

/** How far a task was over time. */
export interface ProgressSteps {
  /** Oldest first, in milliseconds. */
  readonly points: readonly { readonly atMs: number; readonly percent: number }[];
  /** Moments to mark, such as changes of the status. */
  readonly marksMs: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly height: number;
  /** The token of the line's colour. */
  readonly token: string;
}

/** More reports than these are not marked one by one. */
const mostDots = 60;

export function drawProgressSteps(element: HTMLElement, first: ProgressSteps): DrawnChart<ProgressSteps> {
  const color = paletteOf(element);
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  let input = first;
  const axis = { stroke: color("muted"), font, ticks: { show: false } };
  const stroke = () => color(input.token);
  const plot = new uPlot(
    {
      width: element.clientWidth,
      height: input.height,
      padding: [8, 28, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: {
          time: true,
          range: () => [input.fromMs / 1000, Math.max(input.toMs, input.fromMs + 1000) / 1000],
        },
        y: { range: [0, 100] },
      },
      axes: [
        { ...axis, grid: { show: false }, space: 64, size: 28, values: timeLabels, incrs: timeSteps },
        {
          ...axis,
          grid: { stroke: color("line"), width: 1 },
          size: 44,
          splits: [0, 25, 50, 75, 100],
          values: (_plot, splits) => splits.map((percent) => `${percent} %`),
        },
      ],
      series: [
        {},
        {
          stroke,
          fill: () => `color-mix(in srgb, ${stroke()} 16%, transparent)`,
          width: 2,
          // Each is a report; the end that the line is drawn out to is none.
          points: {
            show: () => input.points.length < mostDots,
            size: 5,
            fill: stroke,
            filter: (_plot, _series, show) => (show ? [...input.points.keys()] : null),
          },
          ...(uPlot.paths.stepped === undefined ? {} : { paths: uPlot.paths.stepped({ align: 1 }) }),
        },
      ],
      hooks: { draw: [() => drawMarks(plot, input, color("line-strong"))] },
    },
    stepsOf(input),
    element,
  );
  return {
    update(next) {
      input = next;
      plot.setData(stepsOf(next));
    },
    destroy: () => plot.destroy(),
  };
}

/** The steps, with the last of them drawn out to the end. */
function stepsOf({ points, toMs }: ProgressSteps): uPlot.AlignedData {
  const last = points.at(-1);
  const whole =
    last !== undefined && last.atMs < toMs ? [...points, { atMs: toMs, percent: last.percent }] : points;
  return [whole.map(({ atMs }) => atMs / 1000), whole.map(({ percent }) => percent)];
}

/** Dashed lines from the top to the bottom. */
function drawMarks(plot: uPlot, { marksMs }: ProgressSteps, color: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  for (const atMs of marksMs) {
    const x = plot.valToPos(atMs / 1000, "x", true);
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}
