/**
 * Where the console lies, as the browser sees it: the server writes it into the page's base, relative to the page, so
 * that it is right under any path that a proxy adds. Without the slash at its end; and with one at its start, since two
 * would begin the name of another host.
 */
export const rootPath = new URL(".", document.baseURI).pathname.replace(/^\/+/, "/").replace(/\/$/, "");

/** The address of something that the server answers, from its path below the console: `session`, `api/v1/…`. */
export function serverUrl(path: string): string {
  return `${rootPath}/${path}`;
}
