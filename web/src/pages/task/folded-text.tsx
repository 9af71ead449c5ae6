import { useState } from "preact/hooks";

/** A producer's text, to be read at length: its beginning first where it is long, and all of it on demand. */
export function FoldedText(props: {
  readonly text: string;
  /** More lines than these, or more characters, are folded at first. */
  readonly lines: number;
  readonly characters: number;
  readonly className?: string;
}) {
  const { text, lines, characters, className = "" } = props;
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > characters || text.split("\n").length > lines;
  return (
    <>
      <div
        class={`folding-text ${className} ${isLong && !isWhole ? "folded-text" : ""}`}
        style={{ "--lines": String(lines) }}
        dir="auto"
      >
        {text}
      </div>
      {isLong && (
        <button type="button" class="link-button" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show less" : "Show all of it"}
        </button>
      )}
    </>
  );
}
