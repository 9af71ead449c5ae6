import type { BrowserContext, Request } from "playwright-core";

/**
 * Chromium tells of every failed request on the console as well, without the method and not always with the status. This
 * is how these lines begin.
 */
const echoOfRequest = "Failed to load resource:";
/** How a request fails that its page has given up: it was led elsewhere, or has aborted it. Nothing is wrong then. */
const givenUp = "net::ERR_ABORTED";

/** Notes whatever goes wrong in all tabs of a session, one line each. Answers what reads them. */
export function watchTroubles(context: BrowserContext): () => readonly string[] {
  const troubles: { readonly text: string; readonly echoOf?: string }[] = [];
  const addressesInTrouble = new Set<string>();
  const noteRequest = (request: Request, outcome: string) => {
    addressesInTrouble.add(request.url());
    troubles.push({ text: `${request.method()} ${request.url()} ${outcome}` });
  };

  context.on("console", (message) => {
    if (message.type() !== "error") return;
    const { url } = message.location();
    const text = `console: ${message.text()} (${url})`;
    troubles.push(message.text().startsWith(echoOfRequest) ? { text, echoOf: url } : { text });
  });
  context.on("weberror", (error) => {
    const thrown: unknown = error.error();
    troubles.push({
      text: `uncaught: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : thrown}`,
    });
  });
  context.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed";
    if (reason !== givenUp) noteRequest(request, `failed: ${reason}`);
  });
  context.on("response", (response) => {
    if (response.status() >= 400) noteRequest(response.request(), `answered ${response.status()}`);
  });
  // Nothing of ours asks by a dialog of the browser's: whoever opens one is a script that got in.
  context.on("dialog", async (dialog) => {
    troubles.push({ text: `dialog: ${dialog.type()} ${JSON.stringify(dialog.message())}` });
    await dialog.dismiss().catch(() => {});
  });
  context.on("page", (page) => page.on("crash", () => troubles.push({ text: `crash: ${page.url()}` })));

  return () =>
    troubles
      .filter(({ echoOf }) => echoOf === undefined || !addressesInTrouble.has(echoOf))
      .map(({ text }) => text);
}
