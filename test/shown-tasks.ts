import { setTimeout as elapse } from "node:timers/promises";
import type { Locator, Page } from "playwright-core";

/** How long what a page will show may take to come: some polls. */
const patienceMs = 12_000;

/** The links of the tasks that a list shows, as rows or as cards, in its order. */
export function taskLinks(page: Page): Locator {
  return page
    .getByRole("table", { name: "Tasks", exact: true })
    .or(page.getByRole("list", { name: "Tasks", exact: true }))
    .getByRole("link");
}

/** The ids of the tasks that a list shows, in its order. */
export async function shownIds(page: Page): Promise<readonly string[]> {
  const hrefs = await taskLinks(page).evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  return hrefs.map((href) => decodeURIComponent(href?.split("/").at(-1) ?? ""));
}

/** How many tasks a list says that there are. */
export async function shownTotal(page: Page): Promise<number> {
  const heading = await page.getByRole("heading", { level: 1 }).innerText();
  return Number(heading.replace(/ tasks?$/, "").replaceAll(",", ""));
}

/** How many tasks a list says that each state has, those of all states first. */
export async function shownCounts(page: Page): Promise<readonly number[]> {
  const tabs = page.getByRole("group", { name: "State", exact: true }).getByRole("button");
  return (await tabs.allInnerTexts()).map((text) => Number(text.replace(/^\D*/, "").replaceAll(",", "")));
}

/** Holds a page against an expectation until it meets it; fails as the expectation does when it does not in time. */
export async function eventually(expectation: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await expectation();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await elapse(25);
    }
  }
}
