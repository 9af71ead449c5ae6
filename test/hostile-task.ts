/** Texts that somebody who reports tasks may write to be let into a page, and that no page may take for anything else. */

/** What markup, a script, an event handler, an address or a template would look like. */
const attempts = [
  `<img src=x onerror="window.__pwned=1">`,
  `"><script>window.__pwned=1</script>`,
  `'><svg/onload=window.__pwned=1>`,
  `javascript:window.__pwned=1//`,
  `</title></textarea></pre><iframe src="javascript:parent.__pwned=1">`,
  `{{constructor.constructor('window.__pwned=1')()}}\${window.__pwned=1}`,
  `<a href="javascript:window.__pwned=1" onclick="window.__pwned=1">click</a>`,
  `<style>*{display:none}</style><base href="//evil.example/">`,
];
/** What turns a line around, hides in it, breaks it, or is stacked upon it. */
const turns = "\u202e\u2066\u200f" + "gnp.exe \u200b\u00ad" + "A\u0300\u0301\u0302\u0303" + "\u2028";

/** A hostile text of exactly so many characters. Each has another beginning, so that one can be told from another. */
export function hostileText(length: number, start: string): string {
  const line = `${attempts.join(" ")} ${turns}\n\t\r\n${"W".repeat(600)} `;
  const text = start + attempts[start.length % attempts.length] + turns + line;
  const characters = [...text.repeat(Math.ceil(length / text.length) + 1)];
  return characters.slice(0, length).join("");
}

/** A task in which everything that is free text is hostile, and as long as it may be. */
export function hostileTask({ id, parentId }: { readonly id: string; readonly parentId?: string }) {
  const labels = Array.from({ length: 32 }, (_, number) => [
    `${"k".repeat(60)}.${number}`.slice(-63),
    hostileText(256, `label ${number}`),
  ]);
  return {
    id,
    service: "rds",
    name: hostileText(64, "name"),
    instance: {
      id: hostileText(64, "id"),
      name: hostileText(128, "instance"),
      status: hostileText(64, "mood"),
    },
    database_name: hostileText(128, "database"),
    order_id: hostileText(64, "order"),
    details: {
      [hostileText(200, "key")]: hostileText(20_000, "value"),
      nested: { list: [hostileText(300, "item"), `</script><script>window.__pwned=1</script>`] },
    },
    labels: Object.fromEntries(labels),
    ...(parentId === undefined ? {} : { parent_id: parentId }),
  };
}
