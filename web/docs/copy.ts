/** How long a button says that it has copied. */
const saidMs = 2000;

/** Gives each block of code a button that copies it. */
export function addCopyButtons(blocks: Iterable<HTMLElement>): void {
  for (const block of blocks) {
    const code = block.querySelector("code");
    if (code === null) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      copy(code).then(
        () => say(button, "Copied"),
        () => say(button, "Not copied"),
      );
    });
    block.append(button);
  }
}

async function copy(code: HTMLElement): Promise<void> {
  // A page that did not come over TLS has no clipboard, but for those of this machine.
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(code.textContent ?? "");
  const selection = getSelection();
  selection?.selectAllChildren(code);
  const done = document.execCommand("copy");
  selection?.removeAllRanges();
  if (!done) throw new Error("the browser does not copy");
}

function say(button: HTMLButtonElement, word: string): void {
  button.textContent = word;
  setTimeout(() => {
    button.textContent = "Copy";
  }, saidMs);
}
