import { useRef, useState } from "preact/hooks";

/** The handlers of whatever is held still while somebody points at it, or has the keyboard in it. */
export interface Holding {
  readonly onPointerEnter: (event: PointerEvent) => void;
  readonly onPointerLeave: () => void;
  readonly onFocusIn: () => void;
  readonly onFocusOut: (event: FocusEvent) => void;
}

/**
 * What is shown of something that changes by itself: the latest, but while somebody aims at it, what they aim at. A
 * finger aims at nothing before it touches, so that only a mouse or the keyboard holds.
 *
 * @param question what is asked for: another question is another thing, and holds nothing of the last one.
 */
export function useHeld<T>(
  latest: T | undefined,
  question: string,
): readonly [shown: T | undefined, Holding] {
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const kept = useRef({ question, value: latest });
  const isHeld = (isPointed || isFocused) && kept.current.question === question;
  if (!isHeld || kept.current.value === undefined) kept.current = { question, value: latest };
  return [
    kept.current.value,
    {
      onPointerEnter: (event) => setPointed(event.pointerType === "mouse"),
      onPointerLeave: () => setPointed(false),
      onFocusIn: () => setFocused(true),
      onFocusOut: ({ currentTarget, relatedTarget }) =>
        setFocused((currentTarget as Element).contains(relatedTarget as Node | null)),
    },
  ];
}
