import { useState } from "preact/hooks";
import { nowMs } from "../clock.ts";
import { localInputText, minuteText, readLocalInput, zoneText } from "../format/time.ts";
import { allTime, rangePresetNames, rangePresets, type TimeRange } from "../view/time-range.ts";
import { Icon } from "./icon.tsx";
import { Banner } from "./notices.tsx";
import { Popover } from "./popover.tsx";

/** When the tasks were created that are looked at: a preset, two moments, or all time. */
export function RangeMenu(props: {
  readonly range: TimeRange;
  readonly onChoose: (range: TimeRange) => void;
}) {
  const { range, onChoose } = props;
  return (
    <Popover
      name="Time range"
      icon="clock"
      label={
        <>
          <span class="visually-hidden">Time range: </span>
          {rangeLabel(range)}
          <Icon name="chevronDown" size={12} />
        </>
      }
      className="button"
    >
      {(close) => {
        const choose = (next: TimeRange) => {
          close();
          onChoose(next);
        };
        return (
          <div class="menu">
            <ul class="menu-list">
              {rangePresetNames.map((preset) => (
                <li key={preset}>
                  <button
                    type="button"
                    class="menu-item"
                    aria-pressed={range.kind === "last" && range.preset === preset}
                    onClick={() => choose({ kind: "last", preset })}
                  >
                    {rangePresets[preset].label}
                  </button>
                </li>
              ))}
              <li>
                <button
                  type="button"
                  class="menu-item"
                  aria-pressed={range.kind === "all"}
                  onClick={() => choose(allTime)}
                >
                  All time
                </button>
              </li>
            </ul>
            <BetweenForm range={range} onChoose={choose} />
          </div>
        );
      }}
    </Popover>
  );
}

/** Two moments, in the reader's own zone; each may be left open. */
function BetweenForm(props: { readonly range: TimeRange; readonly onChoose: (range: TimeRange) => void }) {
  const { range, onChoose } = props;
  const inputText = (atMs: number | undefined) => (atMs === undefined ? "" : localInputText(atMs));
  const [from, setFrom] = useState(range.kind === "between" ? inputText(range.fromMs) : "");
  const [to, setTo] = useState(range.kind === "between" ? inputText(range.toMs) : "");
  const fromMs = readLocalInput(from);
  const toMs = readLocalInput(to);
  const isTurned = fromMs !== undefined && toMs !== undefined && fromMs > toMs;
  return (
    <form
      class="form range-form"
      onSubmit={(event) => {
        event.preventDefault();
        onChoose({ kind: "between", fromMs, toMs });
      }}
    >
      <MomentField label="From" text={from} onText={setFrom} />
      <MomentField label="To" text={to} onText={setTo} />
      {isTurned && <Banner tone="error">The end is before the beginning.</Banner>}
      <button
        type="submit"
        class="button"
        disabled={isTurned || (fromMs === undefined && toMs === undefined)}
      >
        Show this time
      </button>
      <p class="muted form-note">In your time zone, {zoneText(fromMs ?? toMs ?? nowMs())}.</p>
    </form>
  );
}

function MomentField(props: {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
}) {
  const { label, text, onText } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        class="input"
        type="datetime-local"
        step="1"
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  );
}

/** A range in a few words: `Last 24 hours`, `2026-03-01 14:00 – 15:00`, `Since …`. */
export function rangeLabel(range: TimeRange): string {
  if (range.kind === "all") return "All time";
  if (range.kind === "last") return rangePresets[range.preset].label;
  const { fromMs, toMs } = range;
  if (fromMs === undefined) return toMs === undefined ? "All time" : `Until ${minuteText(toMs)}`;
  if (toMs === undefined) return `Since ${minuteText(fromMs)}`;
  const [from, to] = [minuteText(fromMs), minuteText(toMs)];
  return from.slice(0, 10) === to.slice(0, 10) ? `${from} – ${to.slice(11)}` : `${from} – ${to}`;
}
