export const themes = ["auto", "light", "dark"] as const;
/** How the console looks: as the system does, unless somebody chose. */
export type Theme = (typeof themes)[number];

const storageKey = "taskcenter.theme";

export function readTheme(): Theme {
  const kept = readKept(storageKey);
  return themes.find((theme) => theme === kept) ?? "auto";
}

export function chooseTheme(theme: Theme): void {
  keep(storageKey, theme);
  applyTheme(theme);
}

export function applyTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  // What is drawn on a canvas does not follow by itself.
  window.dispatchEvent(new Event("taskcenter:theme"));
}

/** What the browser keeps for the reader; null where there is nothing, and where it keeps nothing for anybody. */
export function readKept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // A browser that keeps nothing shows the console all the same.
  }
}
