import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/**
 * Notes on an element that is scrolled sideways whether more of it lies before its beginning or beyond its end: the
 * styles show that by `data-more-start` and `data-more-end`.
 */
export function useEdges(element: RefObject<HTMLElement>): void {
  // What it holds may have grown with any drawing.
  useEffect(() => {
    if (element.current !== null) noteEdges(element.current);
  });
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const note = () => noteEdges(current);
    current.addEventListener("scroll", note, { passive: true });
    const resized = new ResizeObserver(note);
    resized.observe(current);
    return () => {
      current.removeEventListener("scroll", note);
      resized.disconnect();
    };
  }, []);
}

function noteEdges(element: HTMLElement): void {
  const { scrollLeft, scrollWidth, clientWidth } = element;
  element.toggleAttribute("data-more-start", scrollLeft > 1);
  element.toggleAttribute("data-more-end", scrollLeft + clientWidth < scrollWidth - 1);
}
