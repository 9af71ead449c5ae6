import { useState } from "preact/hooks";
import { nowMs } from "../../clock.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Banner } from "../../components/notices.tsx";
import { localInputText, readLocalInput, zoneText } from "../../format/time.ts";

const hourMs = 60 * 60_000;
const steps = [
  { label: "1 hour ago", agoMs: hourMs },
  { label: "1 day ago", agoMs: 24 * hourMs },
  { label: "1 week ago", agoMs: 7 * 24 * hourMs },
  { label: "30 days ago", agoMs: 30 * 24 * hourMs },
] as const;

/** Asks to which time the list shall turn. */
export function JumpDialog(props: {
  readonly onClose: () => void;
  /** Rejects where the list cannot be turned there. */
  readonly onJump: (atMs: number) => Promise<void>;
}) {
  const { onClose, onJump } = props;
  const [text, setText] = useState(() => localInputText(nowMs()));
  const [refusal, setRefusal] = useState("");
  const [isBusy, setBusy] = useState(false);
  const atMs = readLocalInput(text);
  const jump = async (toMs: number) => {
    setBusy(true);
    setRefusal("");
    try {
      await onJump(toMs);
      onClose();
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title="Jump to a time" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (atMs !== undefined) void jump(atMs);
        }}
      >
        {refusal !== "" && <Banner tone="error">{refusal}</Banner>}
        <label class="field">
          <span>Tasks created at or before</span>
          <input
            class="input"
            type="datetime-local"
            step="1"
            required
            autofocus
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <p class="muted form-note">In your time zone, {zoneText(atMs ?? nowMs())}.</p>
        <div class="jump-steps">
          {steps.map(({ label, agoMs }) => (
            <button
              key={label}
              type="button"
              class="button"
              disabled={isBusy}
              onClick={() => jump(nowMs() - agoMs)}
            >
              {label}
            </button>
          ))}
        </div>
        <div class="dialog-actions">
          <button type="submit" class="button button-main" disabled={isBusy || atMs === undefined}>
            {isBusy ? "Looking …" : "Jump"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
