/** The colours of a chart as a canvas takes them: the tokens, as they are resolved where the chart is drawn. */
export type Palette = (token: string) => string;

/** @param element where the chart is drawn: light or dark is decided there. */
export function paletteOf(element: HTMLElement): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const known = new Map<string, string>();
  const resolve = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const tokens = ["muted", "line", "line-strong", "pending", "running", "succeeded", "failed", "canceled"];
  for (const token of tokens) known.set(token, resolve(token));
  probe.remove();
  return (token) => known.get(token) ?? "";
}
