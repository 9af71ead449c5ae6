import { useLayoutEffect, useRef } from "preact/hooks";
import { Dialog } from "./components/dialog.tsx";

/** How long the second key of a pair may take, in milliseconds. */
const pairMs = 1000;

/** What is done at a key (`j`), or at two after each other (`g t`). */
type Bindings = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** The bindings of everything that is shown, the innermost last. One listener asks them all: a pair goes before a key. */
const shown: { current: Bindings }[] = [];
let before = { key: "", atMs: Number.NEGATIVE_INFINITY };

/**
 * What keys do while a component is shown. Not while somebody writes or something lies over the page, whose keys they
 * are then, and not beside Ctrl, Alt or Meta, which are the browser's.
 */
export function useKeys(bindings: Bindings): void {
  const current = useRef(bindings);
  current.current = bindings;
  // With the change of the page itself and not after it is painted: who is fast presses what is there already.
  useLayoutEffect(() => {
    if (shown.length === 0) document.addEventListener("keydown", onKey);
    shown.push(current);
    return () => {
      shown.splice(shown.indexOf(current), 1);
      if (shown.length === 0) document.removeEventListener("keydown", onKey);
    };
  }, []);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (isWriting(event.target) || document.querySelector("dialog[open], :popover-open") !== null) return;
  const pair = event.timeStamp - before.atMs < pairMs ? `${before.key} ${event.key}` : "";
  before = { key: event.key, atMs: event.timeStamp };
  const action = actionOf(pair) ?? actionOf(event.key);
  if (action === undefined) return;
  event.preventDefault();
  action(event);
}

function actionOf(keys: string): Bindings[string] | undefined {
  return shown.findLast(({ current }) => Object.hasOwn(current, keys))?.current[keys];
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName))
  );
}

/** Every key that does something, as people are told of it. */
const told: readonly (readonly [where: string, keys: readonly (readonly [key: string, what: string])[]])[] = [
  [
    "Everywhere",
    [
      ["g o", "go to the overview"],
      ["g t", "go to the tasks"],
      ["g r", "go to the running tasks"],
      ["g f", "go to the failed tasks"],
      ["?", "show these keys"],
    ],
  ],
  [
    "In the list",
    [
      ["/", "search for text"],
      ["j, k", "next, previous task"],
      ["Enter", "open the task"],
      ["n, p", "next, previous page"],
      ["t", "jump to a time"],
      ["l", "back to the live view"],
    ],
  ],
  [
    "At a task",
    [
      ["u", "back to the list"],
      ["c", "copy the id"],
    ],
  ],
];

export function KeysDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <div class="keys">
        {told.map(([where, keys]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {keys.map(([key, what]) => (
                <div key={key}>
                  <dt>
                    {key.split(/,? /).map((one) => (
                      <kbd key={one}>{one}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
