/** A query as it was sent: of a key given several times, all values in order. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

/** Reads a query string as forms are encoded: `+` is a space. */
export function parseQuery(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [key, value] of new URLSearchParams(text)) {
    const earlier = query[key];
    if (earlier === undefined) query[key] = value;
    else if (typeof earlier === "string") query[key] = [earlier, value];
    else earlier.push(value);
  }
  return query;
}

/** The query as the service APIs read it: of a key given twice, the last value counts. */
export function lastValues(query: Query): Readonly<Record<string, string>> {
  const values: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(query)) {
    values[key] = typeof value === "string" ? value : (value.at(-1) ?? "");
  }
  return values;
}

/** Whether every percent sign begins an escape, and the escapes are UTF-8. */
export function isWellEncoded(url: string): boolean {
  if (!url.includes("%")) return true;
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
