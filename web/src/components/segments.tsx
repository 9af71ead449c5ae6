import type { ComponentChildren } from "preact";

/** Buttons side by side that are one choice. */
export function Segments(props: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <fieldset class="segments" aria-label={props.name}>
      {props.children}
    </fieldset>
  );
}

export function Segment(props: {
  readonly isChosen: boolean;
  readonly onChoose: (event: MouseEvent) => void;
  readonly children: ComponentChildren;
}) {
  const { isChosen, onChoose, children } = props;
  return (
    <button type="button" class="segment" aria-pressed={isChosen} onClick={onChoose}>
      {children}
    </button>
  );
}
