import { useNowMs } from "../clock.ts";
import { ageText, durationText } from "../format/duration.ts";
import { exactTimeText, timeText } from "../format/time.ts";

/** A moment, in the reader's zone; exactly, and in UTC, when it is pointed at. */
export function Moment({ at }: { readonly at: string | null }) {
  if (at === null) return <span class="muted">–</span>;
  const atMs = Date.parse(at);
  return (
    <time dateTime={at} title={exactTimeText(atMs)}>
      {timeText(atMs)}
    </time>
  );
}

/** How long ago a moment was; it moves with the time. */
export function Age({ at }: { readonly at: string }) {
  const now = useNowMs();
  const atMs = Date.parse(at);
  return (
    <time dateTime={at} title={exactTimeText(atMs)}>
      {ageText(now - atMs)}
    </time>
  );
}

/** How long it is until a moment, in two units: `in 1 d 11 h`; it moves with the time. */
export function Until({ at }: { readonly at: string }) {
  const now = useNowMs();
  const atMs = Date.parse(at);
  return (
    <time dateTime={at} title={exactTimeText(atMs)}>
      in {durationText(atMs - now)}
    </time>
  );
}

/** How long something took, or has taken so far. */
export function Duration({ from, to }: { readonly from: string; readonly to: string | null }) {
  return to === null ? (
    <RunningDuration from={from} />
  ) : (
    <span>{durationText(Date.parse(to) - Date.parse(from))}</span>
  );
}

function RunningDuration({ from }: { readonly from: string }) {
  const now = useNowMs();
  return <span>{durationText(now - Date.parse(from))}</span>;
}
