/**
 * What every answer to a browser's page tells the browser: nothing runs, shows or is asked for that is not ours, and
 * nobody puts a page of ours into theirs. Whatever a producer has written into a task is then text and no more, also
 * where we would err.
 *
 * @param base where a page's `<base>` may lead, for a page that has one: elsewhere nothing may lead its links astray.
 */
export function pageHeaders({
  base,
}: {
  readonly base: "'self'" | "'none'";
}): Readonly<Record<string, string>> {
  return {
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "font-src 'self'",
      "connect-src 'self'",
      `base-uri ${base}`,
      "form-action 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      // Without it, whatever runs in a page could declare any text to be a script by a policy of its own.
      "trusted-types 'none'",
    ].join("; "),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ["camera", "display-capture", "geolocation", "microphone", "payment", "usb"]
      .map((feature) => `${feature}=()`)
      .join(", "),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
}
