import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

/** Something that must be dealt with before anything else: the browser keeps the rest of the page out of reach. */
export function Dialog(props: {
  readonly title: string;
  /** What Escape and the cross do; without it the dialog cannot be put aside. */
  readonly onClose?: () => void;
  readonly children: ComponentChildren;
}) {
  const { title, onClose, children } = props;
  const titleId = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={titleId}
      // To prevent its closing is not enough: browsers let a page do that once, and close at the next Escape all the same.
      closedby={onClose === undefined ? "none" : "closerequest"}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <header class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        {onClose !== undefined && (
          <button type="button" class="button button-quiet button-icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
