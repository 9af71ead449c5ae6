import { useEffect, useState } from "preact/hooks";
import { useKeys } from "../keys.tsx";
import { Icon } from "./icon.tsx";

/** How long the button says that it has copied, in milliseconds. */
const saidMs = 1500;

/** Copies a text, and says so. */
export function CopyButton(props: {
  readonly text: string;
  readonly name: string;
  readonly showsName?: boolean;
  /** A key that does the same. */
  readonly hotkey?: string;
}) {
  const { text, name, showsName = false, hotkey } = props;
  const [outcome, setOutcome] = useState<"" | "Copied" | "Not copied">("");
  useEffect(() => {
    if (outcome === "") return;
    const timer = setTimeout(() => setOutcome(""), saidMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => copyText(text).then((copied) => setOutcome(copied ? "Copied" : "Not copied"));
  useKeys(hotkey === undefined ? {} : { [hotkey]: () => void copy() });
  return (
    <button
      type="button"
      class={`button ${showsName ? "" : "button-quiet button-icon"}`}
      title={hotkey === undefined ? name : `${name} (${hotkey})`}
      {...(showsName ? {} : { "aria-label": name })}
      onClick={copy}
    >
      <Icon name={outcome === "Copied" ? "check" : "copy"} size={14} />
      {showsName && (outcome === "" ? name : outcome)}
      <span class="visually-hidden" role="status">
        {showsName ? "" : outcome}
      </span>
    </button>
  );
}

/** Browsers give the clipboard to pages of https and of this machine alone; elsewhere a selection can be copied. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}
