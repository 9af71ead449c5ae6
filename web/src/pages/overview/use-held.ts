import { useEffect, useRef, useState } from "preact/hooks";

/** The handlers of whatever is held still while somebody aims at it, with the mouse or the keyboard. */
export interface Holding {
  readonly onPointerEnter: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerLeave: (event: PointerEvent) => void;
  readonly onFocusIn: () => void;
  readonly onKeyDown: () => void;
  readonly onFocusOut: (event: FocusEvent) => void;
}

/** How long a mouse or a keyboard that does nothing is taken to aim, in milliseconds: it may have been left where it is. */
const aimMs = 10_000;

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
  const [isAimedAt, setAimedAt] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const kept = useRef({ question, value: latest });
  const isHeld = isAimedAt && kept.current.question === question;
  if (!isHeld || kept.current.value === undefined) kept.current = { question, value: latest };

  const release = () => {
    clearTimeout(timer.current);
    setAimedAt(false);
  };
  const hold = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(release, aimMs);
    setAimedAt(true);
  };
  const holdByMouse = ({ pointerType }: PointerEvent) => {
    if (pointerType === "mouse") hold();
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return [
    kept.current.value,
    {
      onPointerEnter: holdByMouse,
      onPointerMove: holdByMouse,
      onPointerLeave: ({ currentTarget }) => {
        if (!(currentTarget as Element).matches(":focus-within")) release();
      },
      onFocusIn: hold,
      onKeyDown: hold,
      onFocusOut: ({ currentTarget, relatedTarget }) => {
        if (!(currentTarget as Element).contains(relatedTarget as Node | null)) release();
      },
    },
  ];
}
