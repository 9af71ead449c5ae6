import { useLayoutEffect } from "preact/hooks";

/** Names the browser's tab after what it shows; undefined leaves it as it is. */
export function useTitle(title: string | undefined): void {
  // With the change of the page itself and not after it is painted: no page stands under another one's title.
  useLayoutEffect(() => {
    if (title !== undefined) document.title = `${title} · Task Center`;
  }, [title]);
}
