/** What stands in the place of a secret. */
const mask = "***";

/** A part of a text: from here, to before there. */
type Span = readonly [start: number, end: number];

/** Words by which a name tells that its value is secret: `PGPASSWORD`, `db_password`, `client-secret`. */
const secretWord =
  "(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|(?:api|access|private|encryption)[_-]?key)";

/** A value in quotes, or else one that goes up to the next space or separator; not the answer whether there is one. */
const value = `(?!(?:yes|no|true|false|null|none)\\b)(?<secret>"(?:[^"\\\\\\n]|\\\\.)*"|'(?:[^'\\\\\\n]|\\\\.|'')*'|[^\\s"'&;]+)`;

/**
 * The forms in which secrets are written. The group `secret` is what must not be seen; without one it is the whole
 * match. Repetitions whose start is not fixed are bounded, so that no output takes long to search.
 */
const secretForms: readonly RegExp[] = [
  // A private key in PEM, also one whose end is missing.
  /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----(?<secret>[\s\S]*?)(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/dg,
  // A header that proves who is asking.
  /\b(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]{0,32}(?:token|key))["']?[ \t]*[:=][ \t]*["']?(?<secret>[^"'\n]+)/dgi,
  /\bbearer[ \t]+(?<secret>[\w.~+/=-]{6,})/dgi,
  // The password in a URL. It may itself hold an @: the last one before the path ends it.
  /\b[a-z][a-z0-9+.-]{0,32}:\/\/[^\s:/?#@"']{0,256}:(?<secret>[^\s/?#"']+)@/dgi,
  // SQL: PASSWORD 'x', IDENTIFIED BY 'x', IDENTIFIED WITH plugin AS 'x'.
  /\b(?:password|identified(?:[ \t]+with[ \t]+\S{1,64})?[ \t]+(?:by|as))[ \t]+(?<secret>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")/dgi,
  // An assignment: password=x, PGPASSWORD=x, "secret_key": "x", --token=x.
  new RegExp(`${secretWord}[\\w.-]{0,32}["']?[ \\t]*[=:][ \\t]*${value}`, "dgi"),
  // An option with its value: --password x.
  new RegExp(`(?<!\\S)--?[\\w-]{0,32}${secretWord}[\\w-]{0,32}[ \\t]+(?!-)${value}`, "dgi"),
  // The short options of database clients: mysql -px, mongodump -p x, redis-cli -a x.
  /\b(?:mysql|mariadb|mongo|cqlsh|redis-cli|sshpass)[\w.-]{0,32}[ \t](?:[^\n]{0,512}?[ \t])?-[pa][ \t]*(?<secret>[^\s-]\S*)/dg,
  // Tokens that are known by their beginning: of AWS, GitHub, GitLab, Slack, Keystone, and JSON web tokens.
  /\b(?:A(?:KIA|SIA)[A-Z0-9]{16}|gh[a-z]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[a-z]-[\w-]{10,}|gAAAAA[\w-]{20,}=*|eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*)/dg,
];

/**
 * A long run of characters of base64 or base64url. A run that begins with a slash, or that continues something else,
 * is part of a path or of a name.
 */
const longRun = /(?<![\w+/.~-])(?!\/)[\w+/-]{40,}=*/dg;

/** Whether a long run looks like random bytes, and not like a path, a name in many words or a hexadecimal checksum. */
function looksRandom(run: string): boolean {
  const separators = run.match(/[+/_-]/g)?.length ?? 0;
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run) && separators <= run.length / 10;
}

/**
 * A text without the secrets in it: those that are known by their value, and those that show by the form in which they
 * are written. Rather too much is masked than too little: everybody who may see the task sees the text.
 */
export function maskSecrets(text: string, secretValues: readonly string[] = []): string {
  // All are found in the text as it came, since a secret that is masked may hide the form of the next.
  const secrets = [
    ...secretForms.flatMap((form) => spansOf(text, form)),
    ...spansOf(text, longRun).filter(([start, end]) => looksRandom(text.slice(start, end))),
    ...secretValues.flatMap((secret) => occurrencesOf(text, secret)),
  ].sort(([a], [b]) => a - b);

  let masked = "";
  let position = 0;
  for (const [start, end] of secrets) {
    if (start >= position) masked += text.slice(position, start) + mask;
    position = Math.max(position, end);
  }
  return masked + text.slice(position);
}

function spansOf(text: string, form: RegExp): Span[] {
  return Array.from(text.matchAll(form), ({ indices }) => indices?.groups?.secret ?? indices?.[0]).filter(
    (span) => span !== undefined,
  );
}

function occurrencesOf(text: string, secret: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
    spans.push([at, at + secret.length]);
  }
  return spans;
}

/** A word of a variable's name that makes its value secret: `DB_PASSWORD`, `PGPASSWORD`, `AWS_SECRET_ACCESS_KEY`. */
const secretVariableWord = /(?:pass|passw(?:or)?d|passphrase|pwd|secret|token|key|credentials?)$/i;
/** Variables that hold the working directory, or tell where a secret lies. */
const harmlessVariable = /^(?:old)?pwd$|_(?:file|path|dir)$/i;

/** A shorter value is found in too many harmless words. */
const shortestSecret = 6;

/** The secret values in an environment. One of several lines counts line by line, as it may be shown indented. */
export function secretValuesOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(environment)
    .filter(([name]) => !harmlessVariable.test(name))
    .filter(([name]) => name.split(/[^A-Za-z0-9]+/).some((word) => secretVariableWord.test(word)))
    .flatMap(([, text = ""]) => text.split(/\r?\n/))
    .filter((line) => line.length >= shortestSecret);
}
