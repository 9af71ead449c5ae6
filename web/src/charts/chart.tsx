import { useEffect, useRef, useState } from "preact/hooks";
import "./chart.css";

/** A chart that is drawn into an element. */
export interface DrawnChart<Input> {
  update(input: Input): void;
  destroy(): void;
}

/** Draws a chart; its module is loaded only when a chart is shown, so that no other page waits for the library. */
export type Draw<Input> = (element: HTMLElement, input: Input) => DrawnChart<Input>;

/**
 * A chart, drawn anew where its element gets another width or the theme another colour. The picture is for the eyes
 * alone: `label` says what it shows, and whatever is in it must be readable beside it in words.
 */
export function Chart<Input>(props: {
  readonly load: () => Promise<Draw<Input>>;
  readonly input: Input;
  readonly label: string;
  readonly className?: string;
}) {
  const { load, input, label, className = "" } = props;
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<DrawnChart<Input> | undefined>(undefined);
  const latest = useRef(input);
  latest.current = input;
  const [failure, setFailure] = useState("");

  useEffect(() => {
    const target = element.current;
    if (target === null) return;
    let isGone = false;
    let draw: Draw<Input> | undefined;
    let widthDrawn = 0;
    const redraw = () => {
      if (isGone || draw === undefined) return;
      chart.current?.destroy();
      widthDrawn = target.clientWidth;
      chart.current = draw(target, latest.current);
    };
    load().then(
      (loaded) => {
        draw = loaded;
        redraw();
      },
      () => setFailure("The chart could not be loaded."),
    );
    const resized = new ResizeObserver(() => {
      if (target.clientWidth !== widthDrawn) redraw();
    });
    resized.observe(target);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", redraw);
    window.addEventListener("taskcenter:theme", redraw);
    return () => {
      isGone = true;
      resized.disconnect();
      system.removeEventListener("change", redraw);
      window.removeEventListener("taskcenter:theme", redraw);
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [load]);

  useEffect(() => chart.current?.update(input), [input]);

  return (
    <div class={`chart ${className}`} role="img" aria-label={label} ref={element}>
      {failure}
    </div>
  );
}
