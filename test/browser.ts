import assert from "node:assert/strict";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { chromiumVariable, findChromium } from "./chromium.ts";
import { watchTroubles } from "./page-troubles.ts";

/** Whatever a browser is opened for, and ends with: a test, or anything else that closes what it is given. */
export interface Closing {
  after(close: () => Promise<void>): void;
  /** Whether all has gone well so far. */
  readonly passed?: boolean;
  diagnostic?(message: string): void;
}

/** A Chromium of somebody's own. */
export interface OpenBrowser {
  /** Opens a page in a new session. */
  openPage(options?: PageOptions): Promise<OpenPage>;
}

/** How a page is opened: what Playwright knows of a browser context, and the address to begin with, if any. */
export interface PageOptions extends BrowserContextOptions {
  readonly url?: string;
}

/** A page in a session of its own, with nothing remembered. */
export interface OpenPage {
  readonly page: Page;
  /** The session: further tabs of it, its cookies, being offline. Its other tabs are watched, too. */
  readonly context: BrowserContext;
  /**
   * Says that something will go wrong, and how it is told, as in `GET http://… answered 401`: it has to happen until the
   * page is closed, however often.
   */
  expectTrouble(pattern: RegExp): void;
  /** What has gone wrong so far, expected or not. */
  troubles(): readonly string[];
}

export const desktop = { viewport: { width: 1440, height: 900 } } as const;
/** A phone of middle size: held upright, touched. */
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;

const startTimeoutMs = 30_000;
/** How long anything may take to appear, and a page to load. Local pages that need longer do not answer. */
const actionTimeoutMs = 10_000;
const loadTimeoutMs = 15_000;
const snapshotTimeoutMs = 1000;
/** As much of a page as helps to see where a test stood. */
const longestSnapshot = 2000;

/**
 * Starts a Chromium that ends with the test. Fails, with what to do, where there is none: a test is never skipped.
 *
 * Its pages are opened in a light colour scheme, English and UTC, and without animations, unless their options say
 * otherwise. Whatever goes wrong in one fails the test at its end, unless the test expects it: errors on the console,
 * which is where violations of the Content Security Policy are told, uncaught errors, requests that fail or are answered
 * with 400 or above, dialogs of scripts, a crash.
 */
export async function openBrowser(test: Closing): Promise<OpenBrowser> {
  const browser = await launch();
  const checks: ((tell: (message: string) => void) => Promise<void>)[] = [];
  test.after(async () => {
    const tell = (message: string) => test.diagnostic?.(message);
    const outcomes = await Promise.allSettled(
      checks.map((check) => check(test.passed === false ? tell : () => {})),
    );
    await browser.close();
    const errors = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    if (errors.length > 1) throw new AggregateError(errors, errors.map(({ message }) => message).join("\n"));
    if (errors.length === 1) throw errors[0];
  });
  return {
    async openPage({ url, ...options } = {}) {
      const opened = await openIn(browser, options);
      checks.push(opened.check);
      if (url !== undefined) await opened.page.goto(url);
      return opened;
    },
  };
}

/** Opens a page in a browser of its own. */
export async function openPage(test: Closing, options?: PageOptions): Promise<OpenPage> {
  return await (await openBrowser(test)).openPage(options);
}

async function launch(): Promise<Browser> {
  const { path, env } = await findChromium();
  try {
    return await chromium.launch({
      executablePath: path,
      env: { ...process.env, ...env },
      timeout: startTimeoutMs,
      args: [
        // Containers give little shared memory, and Chromium ends when it is full.
        "--disable-dev-shm-usage",
        // The pages are our own and ask nobody else. Whoever they would ask is not found.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
        // Letters are shaped alike on every machine.
        "--font-render-hinting=none",
      ],
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(
      `Chromium could not be started from ${path}. Set ${chromiumVariable} to the path of another one. ${reason}`,
    );
  }
}

/** Opens a page, and answers with it what checks it at the end, and closes it. */
async function openIn(browser: Browser, options: BrowserContextOptions) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
    ...options,
  });
  context.setDefaultTimeout(actionTimeoutMs);
  context.setDefaultNavigationTimeout(loadTimeoutMs);
  const troubles = watchTroubles(context);
  const expected: RegExp[] = [];
  const page = await context.newPage();

  async function check(tell: (place: string) => void): Promise<void> {
    const place = await placeOf(page);
    await context.close();
    const told = troubles();
    const unexpected = told.filter((text) => !expected.some((pattern) => pattern.test(text)));
    const inVain = expected.filter((pattern) => !told.some((text) => pattern.test(text)));
    tell(place);
    assert.ok(unexpected.length === 0, `The page was in trouble:\n${unexpected.join("\n")}\n${place}`);
    assert.ok(
      inVain.length === 0,
      `The page was not in the trouble expected: ${inVain.join(", ")}\n${place}`,
    );
  }

  return { page, context, troubles, check, expectTrouble: (pattern: RegExp) => void expected.push(pattern) };
}

/** Where a page stands and what it shows, for whoever reads of a failure. */
async function placeOf(page: Page): Promise<string> {
  const shown = await page
    .locator("body")
    .ariaSnapshot({ timeout: snapshotTimeoutMs })
    .catch((error: Error) => error.message);
  return `The page stood at ${page.url()} and showed:\n${shown.slice(0, longestSnapshot)}`;
}
