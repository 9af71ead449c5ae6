/** What a PostgreSQL store's address may say beside where the database is. The rest is the program's own to decide. */
const parameters = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey", "uselibpqcompat"];

/** How a connection is encrypted: not at all; by a certificate that is not looked at; by one that must be the host's. */
const sslModes = ["disable", "no-verify", "verify-full"];

/** Whether a text is meant to be the address of a PostgreSQL database. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text);
}

/** Answers what keeps an address from being usable, as what is to be given instead; undefined where nothing does. */
export function faultOfPostgresUrl(text: string): string | undefined {
  const form = "postgres://USER@HOST:PORT/DATABASE, with anything special in it percent-encoded";
  // A login without a host after it, as a socket's has, is no address of the web.
  const complete = text.replace(/@(?=\/[^/])/, "@socket");
  if (!isPostgresUrl(text) || !URL.canParse(complete)) return form;
  const url = new URL(complete);
  if (url.hash !== "") return form;
  if (!/^\/[^/]+$/.test(url.pathname)) return `${form}: the database is missing`;
  // A socket's folder can stand in the parameters alone.
  const hasHost = url.hostname !== "" && complete === text;
  if (!hasHost && !url.searchParams.get("host")) return `${form}: the host is missing`;
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name)) return `no other parameters than ${parameters.join(", ")}`;
  }
  const sslMode = url.searchParams.get("sslmode");
  if (sslMode !== null && !sslModes.includes(sslMode)) return `sslmode as one of ${sslModes.join(", ")}`;
  // PostgreSQL's names hold no U+0000.
  return url.href.includes("%00") ? form : undefined;
}

/**
 * An address as it may be shown: without its password, and without its parameters. One in which it is not clear where
 * the password ends is not shown at all.
 */
export function withoutSecrets(text: string): string {
  const match =
    /^([a-z]+:\/\/)(?:([^:@/?#]*)(:[^@/?#]*)?@)?([^:@/?#]*(?::[0-9]*)?)(\/[^:@/?#]*)?(?:\?[^@]*)?$/.exec(
      text,
    );
  if (match !== null) {
    const [, scheme = "", user, password, host = "", path = ""] = match;
    const login = user === undefined ? "" : `${user}${password === undefined ? "" : ":***"}@`;
    return `${scheme}${login}${host}${path}`;
  }
  const [scheme] = /^[^/@:]*:\/\//.exec(text) ?? [];
  if (scheme !== undefined) return `${scheme}…`;
  return /@|:\/\//.test(text) ? "…" : text;
}
