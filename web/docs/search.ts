import MiniSearch from "minisearch";
import { type Found, searchOptions } from "./search-options.ts";

/** How many sections are shown; whoever needs more needs other words. */
const shownAtMost = 12;
/** How much of a section is shown around the first word that was found. */
const excerptLength = 140;

/** The parts of the search on a page. */
interface Parts {
  readonly input: HTMLInputElement;
  readonly panel: HTMLElement;
  readonly status: HTMLElement;
  readonly list: HTMLElement;
}

/** Shows the search and makes it work. Its index is fetched when somebody first turns to it. */
export function startSearch(): void {
  const box = document.querySelector<HTMLElement>("search");
  const parts = box === null ? undefined : partsOf(box);
  if (box === null || parts === undefined) return;
  const { input, panel } = parts;
  let index: Promise<MiniSearch<Found>> | undefined;
  const loaded = (): Promise<MiniSearch<Found>> => {
    index ??= loadIndex(input.dataset.index ?? "").catch((error: unknown) => {
      // The next key tries again.
      index = undefined;
      throw error;
    });
    return index;
  };
  const search = async (): Promise<void> => {
    const words = input.value.trim();
    panel.hidden = words === "";
    if (words === "") return;
    try {
      const ready = await loaded();
      // What was typed meanwhile has its own answer.
      if (words === input.value.trim()) show({ parts, words, index: ready });
    } catch {
      parts.list.replaceChildren();
      parts.status.textContent = "The search could not be loaded. Is the server still there?";
    }
  };
  input.addEventListener("input", search);
  input.addEventListener("focus", () => {
    loaded().catch(() => {});
    if (input.value !== "") search();
  });
  listenToKeys({ box, parts });
  box.hidden = false;
}

function partsOf(box: HTMLElement): Parts | undefined {
  const input = box.querySelector("input");
  const panel = box.querySelector<HTMLElement>("#found");
  const status = panel?.querySelector<HTMLElement>("p");
  const list = panel?.querySelector<HTMLElement>("ul");
  return input && panel && status && list ? { input, panel, status, list } : undefined;
}

async function loadIndex(address: string): Promise<MiniSearch<Found>> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the index was answered with ${response.status}`);
  return MiniSearch.loadJSON<Found>(await response.text(), searchOptions);
}

function show(given: {
  readonly parts: Parts;
  readonly words: string;
  readonly index: MiniSearch<Found>;
}): void {
  const { parts, words, index } = given;
  const found = index.search(words);
  const shown = found.slice(0, shownAtMost);
  parts.list.replaceChildren(
    ...shown.map(({ page, heading, text, address, terms }) =>
      item({ found: { page, heading, text, address }, terms, root: parts.input.dataset.root ?? "./" }),
    ),
  );
  const more = found.length > shown.length ? `, the first ${shown.length} of them here` : "";
  parts.status.textContent =
    found.length === 0 ? `Nothing has all of: ${words}` : `${counted(found.length)} found${more}`;
}

function counted(number: number): string {
  return number === 1 ? "1 section" : `${number} sections`;
}

function item(given: {
  readonly found: Found;
  readonly terms: readonly string[];
  readonly root: string;
}): HTMLLIElement {
  const { found, terms, root } = given;
  const link = document.createElement("a");
  link.href = root + found.address;
  const heading = document.createElement("strong");
  heading.append(...marked(found.heading, terms));
  const page = document.createElement("span");
  page.textContent = found.heading === found.page ? "" : found.page;
  const excerpt = document.createElement("p");
  excerpt.append(...marked(excerptOf(found.text, terms), terms));
  link.append(heading, " ", page, excerpt);
  const entry = document.createElement("li");
  entry.append(link);
  return entry;
}

/** A piece of the text around the first of the words. */
function excerptOf(text: string, terms: readonly string[]): string {
  const lower = text.toLowerCase();
  const places = terms.map((term) => lower.indexOf(term)).filter((place) => place >= 0);
  const from = Math.max(0, (places.length === 0 ? 0 : Math.min(...places)) - excerptLength / 3);
  const start = from === 0 ? 0 : text.indexOf(" ", from) + 1;
  const isWhole = start + excerptLength >= text.length;
  const end = isWhole ? text.length : text.lastIndexOf(" ", start + excerptLength);
  return `${start > 0 ? "… " : ""}${text.slice(start, end)}${isWhole ? "" : " …"}`;
}

/** Marks the words in a text, as text: whatever stands in it is never read as HTML. */
function marked(text: string, terms: readonly string[]): (string | HTMLElement)[] {
  if (terms.length === 0) return [text];
  const longestFirst = [...terms]
    .sort((a, b) => b.length - a.length)
    .map((term) => term.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return text.split(new RegExp(`(${longestFirst.join("|")})`, "i")).map((piece, at) => {
    if (at % 2 === 0) return piece;
    const mark = document.createElement("mark");
    mark.textContent = piece;
    return mark;
  });
}

/** `/` leads to the search, the arrows through what was found, Escape out of it. */
function listenToKeys({ box, parts }: { readonly box: HTMLElement; readonly parts: Parts }): void {
  const { input, panel, list } = parts;
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  box.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (event.key === "Escape") {
      panel.hidden = true;
      input.focus();
    } else if (event.key === "Enter" && document.activeElement === input) links[0]?.click();
    else if (event.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : input)?.focus();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !box.contains(event.target)) panel.hidden = true;
  });
  // A place on the page that is shown: there is no new page that would close the panel.
  list.addEventListener("click", () => {
    panel.hidden = true;
  });
}
