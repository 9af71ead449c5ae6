import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../components/icon.tsx";
import type { TaskFilter } from "../../view/task-filter.ts";
import { searchedText, withSearchedText } from "./conditions.ts";

/** How long the writer pauses before what is written so far is searched for, in milliseconds. */
const pauseMs = 400;

/** Looks for a part of a text in the tasks: at Enter, and when the writer pauses. */
export function SearchBox(props: {
  readonly input: RefObject<HTMLInputElement>;
  readonly filter: TaskFilter;
  /** Another search in place of the last one is no step of its own to go back to. */
  readonly onFilter: (filter: TaskFilter, options: { readonly replaces: boolean }) => void;
}) {
  const { input, filter, onFilter } = props;
  const applied = searchedText(filter);
  const [text, setText] = useState(applied);
  const hasStepped = useRef(false);
  const searched = useRef(applied);
  // Before it is painted: the box never stands beside tasks that were searched for by something else.
  useLayoutEffect(() => {
    // What is being written is not overwritten by what of it has been searched for, but by what came from elsewhere.
    if (applied === searched.current) return;
    searched.current = applied;
    hasStepped.current = false;
    setText(applied);
  }, [applied]);

  const apply = () => {
    if (text.trim() === applied) return;
    const next = withSearchedText(filter, text);
    searched.current = searchedText(next);
    onFilter(next, { replaces: hasStepped.current });
    hasStepped.current = true;
  };
  const current = useRef(apply);
  current.current = apply;
  useEffect(() => {
    if (document.activeElement !== input.current) return;
    const timer = setTimeout(() => current.current(), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);

  return (
    <search class="search-box">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <Icon name="search" size={14} />
        <input
          ref={input}
          class="input"
          type="search"
          dir="auto"
          placeholder="Search id, name, instance, reason"
          aria-label="Search text"
          title="A part of the id, name, instance, database or fail reason ( / )"
          maxLength={256}
          spellcheck={false}
          autocapitalize="none"
          value={text}
          onFocus={() => {
            hasStepped.current = false;
          }}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" && text === "") event.currentTarget.blur();
          }}
        />
        <span class="search-key" aria-hidden="true">
          /
        </span>
      </form>
    </search>
  );
}
