import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

/** How far a panel stays away from the window's edges, in pixels. */
const edge = 8;

/**
 * A button that opens a panel below it. The browser closes it: by Escape, by a click elsewhere. What is in the panel
 * is made when it opens, so that it asks for nothing before.
 */
export function Popover(props: {
  readonly label: ComponentChildren;
  /** The panel's name for those who cannot see where it belongs; the button's too where its label has no words. */
  readonly name: string;
  readonly icon?: IconName;
  readonly className?: string;
  readonly showsName?: boolean;
  readonly children: (close: () => void) => ComponentChildren;
}) {
  const { label, name, icon, className = "button", children } = props;
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    const element = panel.current;
    if (element === null) return;
    const place = () => {
      if (button.current !== null) placeBelow(element, button.current);
    };
    const onToggle = (event: Event) => setOpen((event as ToggleEvent).newState === "open");
    element.addEventListener("toggle", onToggle);
    if (isOpen) {
      place();
      if (!element.contains(document.activeElement)) firstIn(element).focus({ preventScroll: true });
    }
    window.addEventListener("resize", place);
    const grown = new ResizeObserver(place);
    grown.observe(element);
    return () => {
      element.removeEventListener("toggle", onToggle);
      window.removeEventListener("resize", place);
      grown.disconnect();
    };
  }, [isOpen]);

  const close = () => {
    panel.current?.hidePopover();
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={className}
        popoverTarget={id}
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        {...(props.showsName === false ? { "aria-label": name, title: name } : {})}
      >
        {icon !== undefined && <Icon name={icon} />}
        {label}
      </button>
      <div ref={panel} id={id} popover="auto" class="panel" role="dialog" aria-label={name} tabIndex={-1}>
        {isOpen && children(close)}
      </div>
    </>
  );
}

/** Where the keyboard begins in a panel. Under a finger that is the panel itself: a field would bring up the keys. */
function firstIn(panel: HTMLElement): HTMLElement {
  if (matchMedia("(pointer: coarse)").matches) return panel;
  return (
    panel.querySelector<HTMLElement>(
      "input:enabled, select:enabled, button:enabled:not([tabindex='-1']), a[href]",
    ) ?? panel
  );
}

/** Below the button and within the window, whichever side has room. */
function placeBelow(panel: HTMLElement, button: HTMLElement): void {
  const { left, bottom, top } = button.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = panel;
  const fits = bottom + 4 + offsetHeight <= window.innerHeight - edge || top < offsetHeight + edge;
  panel.style.left = `${Math.max(edge, Math.min(left, window.innerWidth - offsetWidth - edge))}px`;
  panel.style.top = `${fits ? bottom + 4 : top - offsetHeight - 4}px`;
}
