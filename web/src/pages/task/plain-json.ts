/** What turns the direction of the text around it, or is not seen: JSON spells these as escapes just as well. */
const unseen = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The same JSON with every character of it in sight, in the order in which it stands. */
export function plainJson(json: string): string {
  return json.replace(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
