import type { JsonObject } from "../../../../src/task/task.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { Icon } from "../../components/icon.tsx";
import { plainJson } from "./plain-json.ts";

/** Longer ones are folded at first, in characters. */
const longestOpen = 4000;

/** What the producer keeps with the task, as JSON; nothing where it keeps nothing. */
export function Details({ details }: { readonly details: JsonObject }) {
  if (Object.keys(details).length === 0) return null;
  const text = plainJson(JSON.stringify(details, null, 2));
  return (
    <section class="card" aria-label="Details">
      <details class="folding-card" open={text.length < longestOpen}>
        <summary class="card-head">
          <Icon name="chevronRight" size={12} />
          <h2>Details</h2>
          <span class="muted">what its producer keeps with it</span>
        </summary>
        <Code text={text} name="Copy the details" />
      </details>
    </section>
  );
}

/** Text of a machine, to be read and taken along. */
export function Code({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    <div class="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} name={name} />
    </div>
  );
}
