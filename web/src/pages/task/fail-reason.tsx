import type { TaskDocument } from "../../../../src/client/types.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { Icon } from "../../components/icon.tsx";
import { FoldedText } from "./folded-text.tsx";

/** Why a task failed, as its producer said it, to be read at length. */
export function FailReason({ task }: { readonly task: TaskDocument }) {
  const { fail_reason: reason, state } = task;
  const tone = state === "failed" ? "failed" : "quiet";
  return (
    <section class={`fail-reason fail-reason-${tone}`} aria-label="Fail reason">
      <header>
        <h2>
          <Icon name={state === "failed" ? "fail" : "alert"} />
          {state === "failed" ? "Why it failed" : "Reason given"}
        </h2>
        <CopyButton text={reason} name="Copy the reason" />
      </header>
      <FoldedText text={reason} lines={12} characters={1200} className="mono" />
    </section>
  );
}
