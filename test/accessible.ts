import assert from "node:assert/strict";
import axe, { type AxeResults, type RunOptions } from "axe-core";
import type { Page } from "playwright-core";

/** What is asked of a page: WCAG 2 in all its minor versions, levels A and AA, and what is good practice beside it. */
export const allRules: NonNullable<RunOptions["runOnly"]> = [
  "wcag2a",
  "wcag2aa",
  "wcag21a",
  "wcag21aa",
  "wcag22aa",
  "best-practice",
];
/** What of it goes by colours, and by nothing else: enough for a page that was checked in another colour scheme before. */
export const colourRules: NonNullable<RunOptions["runOnly"]> = {
  type: "rule",
  values: ["color-contrast", "link-in-text-block"],
};
/** What still moves or fades is not what people read: waits until nothing does, but for what never ends. */
const settle = `Promise.allSettled(
  document.getAnimations()
    .filter(({ effect }) => effect?.getComputedTiming().endTime < Infinity)
    .map(({ finished }) => finished),
)`;

/**
 * Holds a page, as it stands, against the rules for accessible pages; what is wrong is told element by element.
 *
 * The checker speaks with the browser's debugger in a world of its own: it needs no leave of the page's Content Security
 * Policy, and no script of the page sees it.
 */
export async function assertAccessible(page: Page, runOnly = allRules): Promise<void> {
  const options: RunOptions = { runOnly, resultTypes: ["violations"] };
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send("Page.getFrameTree");
    const { executionContextId } = await session.send("Page.createIsolatedWorld", {
      frameId: frameTree.frame.id,
      worldName: "accessibility",
    });
    const evaluate = async (expression: string): Promise<unknown> => {
      const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
        expression,
        contextId: executionContextId,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) {
        throw new Error(`The accessibility check failed: ${exceptionDetails.exception?.description}`);
      }
      return result.value;
    };
    await evaluate(settle);
    await evaluate(`${axe.source}; undefined`);
    const results = (await evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as AxeResults;
    assert.ok(results.passes.length > 0, "The accessibility check has looked at nothing.");
    const faults = results.violations.flatMap(({ id, impact, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id} (${impact}): ${help}\n  ${target}\n  ${failureSummary}`,
      ),
    );
    assert.equal(faults.length, 0, `${page.url()} is not accessible:\n${faults.join("\n")}`);
  } finally {
    await session.detach();
  }
}
