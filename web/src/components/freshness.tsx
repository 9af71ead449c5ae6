import { pollMs } from "../api/polled.ts";
import { useNowMs } from "../clock.ts";
import { ageText } from "../format/duration.ts";

/** How much later than it was meant to an answer may be, and still be called live, in milliseconds. */
const graceMs = 3000;

/** Whether what is shown is still asked for, and when it was last answered. */
export function Freshness(props: {
  readonly seenAtMs: number;
  readonly isAway: boolean;
  /** How often it is asked for. */
  readonly everyMs?: number;
}) {
  const now = useNowMs();
  if (props.seenAtMs === 0) return null;
  const age = now - props.seenAtMs;
  const isLive = age < (props.everyMs ?? pollMs) + graceMs;
  const [kind, text] = props.isAway
    ? ["away", `Not reached; from ${ageText(age)}`]
    : isLive
      ? ["live", "Live"]
      : ["late", `From ${ageText(age)}`];
  return (
    <span class={`freshness freshness-${kind}`}>
      <span class="freshness-dot" aria-hidden="true" />
      {text}
    </span>
  );
}
