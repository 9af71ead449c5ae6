import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { countText } from "../format/number.ts";
import type { DrawnChart } from "./chart.tsx";
import { paletteOf } from "./palette.ts";
import { timeLabels, timeSteps } from "./time-labels.ts";

/** Counts over time, one upon the other. */
export interface StackedBars {
  /** When each bucket begins, oldest first, without gaps, in milliseconds. */
  readonly bucketsMs: readonly number[];
  readonly bucketMs: number;
  /** From the lowest bar up; a count for each bucket. */
  readonly layers: readonly { readonly token: string; readonly counts: readonly number[] }[];
  readonly height: number;
  /** What is pointed at: the index of a bucket; undefined where nothing is. */
  readonly onPoint: (bucket: number | undefined) => void;
  /** A stretch of time was chosen by dragging: the moments of its first and its last bucket's end. */
  readonly onBrush: (stretch: { readonly fromMs: number; readonly toMs: number }) => void;
}

/** A drag of fewer pixels is a click: it chooses the one bucket that it is on. */
const shortestDragPx = 4;
/** The room beside the last bar, and the width of a letter of the labels. */
const rightPx = 8;
const letterPx = 6.5;

export function drawStackedBars(element: HTMLElement, first: StackedBars): DrawnChart<StackedBars> {
  const color = paletteOf(element);
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  let input = first;
  let wasDragged = false;

  const axis = { stroke: color("muted"), font, ticks: { show: false } };
  const grid = { stroke: color("line"), width: 1 };
  const plot = new uPlot(
    {
      width: element.clientWidth,
      height: input.height,
      padding: [8, rightPx, 0, 0],
      legend: { show: false },
      scales: {
        x: {
          time: true,
          range: () => [(input.bucketsMs[0] ?? 0) / 1000, endOf(input) / 1000],
        },
        y: { range: (_plot, _least, most) => [0, Math.max(4, most * 1.08)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 64,
          size: 28,
          values: (plot, splits, ...more) =>
            timeLabels(plot, splits, ...more).map((label, at) =>
              fits(plot, label, splits[at]) ? label : "",
            ),
          incrs: timeSteps,
        },
        {
          ...axis,
          grid,
          size: 48,
          incrs: [
            1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6,
          ],
          values: (_plot, splits) => splits.map(countText),
        },
      ],
      cursor: {
        y: false,
        points: { show: false },
        drag: {
          x: true,
          y: false,
          setScale: false,
          // The library would take a click by a hand that trembles for a drag, and pass it over.
          click: () => {},
        },
      },
      series: [
        {},
        // The highest sum is drawn first, and the lower ones over it.
        ...input.layers.toReversed().map(({ token }) => ({
          fill: color(token),
          width: 0,
          points: { show: false },
          ...(uPlot.paths.bars === undefined
            ? {}
            : { paths: uPlot.paths.bars({ align: 1, size: [0.86, 60], gap: 0 }) }),
        })),
      ],
      hooks: {
        setCursor: [({ cursor }) => input.onPoint(bucketAt(plot, input, cursor.left))],
        setSelect: [
          ({ select }) => {
            // Taken before the selection is cleared: that changes the very object.
            const { left, width } = select;
            const begin = bucketAt(plot, input, left);
            const end = bucketAt(plot, input, left + width);
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            if (begin === undefined || width < shortestDragPx) return;
            wasDragged = true;
            brush(begin, end ?? input.bucketsMs.length - 1);
          },
        ],
      },
    },
    stacked(input),
    element,
  );
  plot.over.addEventListener("mousedown", () => {
    wasDragged = false;
  });
  // The click that ends a drag is none of its own.
  plot.over.addEventListener("click", () => {
    const bucket = bucketAt(plot, input, plot.cursor.left);
    if (bucket !== undefined && !wasDragged) brush(bucket, bucket);
  });

  function brush(begin: number, end: number): void {
    const { bucketsMs, bucketMs } = input;
    const fromMs = bucketsMs[begin] ?? 0;
    input.onBrush({ fromMs, toMs: (bucketsMs[end] ?? fromMs) + bucketMs - 1 });
  }

  return {
    update(next) {
      input = next;
      plot.setData(stacked(next));
    },
    destroy: () => plot.destroy(),
  };
}

/** Whether a label below a moment ends within the chart. It is measured roughly: its letters are not drawn yet. */
function fits(plot: uPlot, label: string, at = 0): boolean {
  const plotWidth = plot.bbox.width / devicePixelRatio;
  return plot.valToPos(at, "x") + (label.length * letterPx) / 2 <= plotWidth + rightPx;
}

/** The bucket at a distance from the plot's left edge, in pixels. */
function bucketAt(
  plot: uPlot,
  { bucketsMs, bucketMs }: StackedBars,
  left: number | undefined,
): number | undefined {
  if (left === undefined || left < 0) return undefined;
  const bucket = Math.floor((plot.posToVal(left, "x") * 1000 - (bucketsMs[0] ?? 0)) / bucketMs);
  return bucket >= 0 && bucket < bucketsMs.length ? bucket : undefined;
}

function endOf({ bucketsMs, bucketMs }: StackedBars): number {
  return (bucketsMs.at(-1) ?? 0) + bucketMs;
}

/** The sums from below, the highest first, as they are drawn. */
function stacked({ bucketsMs, layers }: StackedBars): uPlot.AlignedData {
  const sums: number[][] = [];
  const sum = new Array<number>(bucketsMs.length).fill(0);
  for (const { counts } of layers) {
    for (const [at, count] of counts.entries()) sum[at] = (sum[at] ?? 0) + count;
    sums.push([...sum]);
  }
  return [bucketsMs.map((atMs) => atMs / 1000), ...sums.toReversed()];
}
