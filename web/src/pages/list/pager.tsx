import { useLayoutEffect, useState } from "preact/hooks";
import { Icon, type IconName } from "../../components/icon.tsx";
import { countText } from "../../format/number.ts";
import { type ListView, pageCount, pageSizes, readPageNumber } from "./list-view.ts";

/** Which part of the list is shown, and how another one is reached. */
export function Pager(props: {
  readonly view: ListView;
  readonly total: number;
  readonly shown: number;
  readonly onPage: (page: number) => void;
  readonly onSize: (size: ListView["size"]) => void;
  readonly onJump: () => void;
}) {
  const { view, total, shown, onPage, onSize, onJump } = props;
  const { page, size } = view;
  const last = pageCount(total, size);
  const first = (page - 1) * size + 1;
  return (
    <nav class="pager" aria-label="Pages of the list">
      <span class="pager-range">
        {shown === 0 ? "None" : `${countText(first)}–${countText(first + shown - 1)}`} of {countText(total)}
      </span>
      <button type="button" class="button button-quiet" title="Jump to a time (t)" onClick={onJump}>
        <Icon name="clock" size={14} /> <span class="pager-words">Jump to a time</span>
      </button>
      <label class="pager-size">
        <span class="visually-hidden">Tasks on a page</span>
        <select
          class="input"
          value={size}
          onChange={(event) => {
            const chosen = Number(event.currentTarget.value);
            const next = pageSizes.find((one) => one === chosen);
            if (next !== undefined) onSize(next);
          }}
        >
          {pageSizes.map((one) => (
            <option key={one} value={one}>
              {one} a page
            </option>
          ))}
        </select>
      </label>
      <div class="pager-steps">
        <Step name="First page" icon="first" isOff={page <= 1} onClick={() => onPage(1)} />
        <Step
          name="Previous page"
          shortcut="p"
          icon="chevronLeft"
          isOff={page <= 1}
          onClick={() => onPage(page - 1)}
        />
        <PageField page={page} last={last} onPage={onPage} />
        <Step
          name="Next page"
          shortcut="n"
          icon="chevronRight"
          isOff={page >= last}
          onClick={() => onPage(page + 1)}
        />
        <Step name="Last page" icon="last" isOff={page >= last} onClick={() => onPage(last)} />
      </div>
    </nav>
  );
}

function Step(props: {
  readonly name: string;
  readonly shortcut?: string;
  readonly icon: IconName;
  readonly isOff: boolean;
  readonly onClick: () => void;
}) {
  const { name, shortcut, icon, isOff, onClick } = props;
  return (
    <button
      type="button"
      class="button button-quiet button-icon"
      aria-label={name}
      title={shortcut === undefined ? name : `${name} (${shortcut})`}
      // Not disabled: whoever has pressed it and came to the end would lose their place on the page.
      aria-disabled={isOff}
      onClick={() => {
        if (!isOff) onClick();
      }}
    >
      <Icon name={icon} />
    </button>
  );
}

/** The page's number, which can be written over; past the end leads to the last one. */
function PageField(props: {
  readonly page: number;
  readonly last: number;
  readonly onPage: (page: number) => void;
}) {
  const { page, last, onPage } = props;
  const [text, setText] = useState(countText(page));
  // Before it is painted: the number never stands below the rows of another page.
  useLayoutEffect(() => setText(countText(page)), [page]);
  const go = () => {
    const wanted = Math.min(readPageNumber(text) ?? page, last);
    setText(countText(wanted));
    if (wanted !== page) onPage(wanted);
  };
  return (
    <form
      class="pager-field"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <input
        class="input number"
        aria-label="Page"
        inputMode="numeric"
        maxLength={16}
        style={{ width: `calc(${countText(last).length}ch + 1.75rem)` }}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={go}
      />
      <span class="muted">of {countText(last)}</span>
    </form>
  );
}
