/** The forms of text that bodies, queries and headers may have, as regular expressions of a schema. */

export const textPattern = "^[^\\u0000\\ud800-\\udfff]*$";
export const linePattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]*$";
/** A name that people see: no character in it is invisible, turns the text around, or is a blank at an end. */
export const namePattern =
  "^(?! )[^\\u0000-\\u001f\\u007f-\\u00a0\\u00ad\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ud800-\\udfff\\ufeff]*(?<! )$";
export const taskIdPattern = "^[A-Za-z0-9_-]{1,64}$";
export const cursorPattern = "^[0-9]{1,15}$";
export const idempotencyKeyPattern = "^[ -~]{1,255}$";
export const labelKeyPattern = "^[a-z0-9._-]{1,63}$";
/** A key of a query that filters by a label: `label.team`. */
export const labelFilterPattern = "^label\\.[a-z0-9._-]{1,63}$";

/** What a pattern means in words, for the message of a value that does not match it. */
export const patternMeanings: Readonly<Record<string, string>> = {
  [textPattern]: "must be well-formed Unicode without U+0000",
  [linePattern]: "must be well-formed Unicode without control characters",
  [namePattern]:
    "must be well-formed Unicode without control and invisible characters, and without blanks at its ends",
  [taskIdPattern]: "must be 1 to 64 of A-Z a-z 0-9 - _",
  [labelKeyPattern]: "must be 1 to 63 of a-z 0-9 . _ -",
  [cursorPattern]: "must be the next_cursor of another page",
  [idempotencyKeyPattern]: "must be 1 to 255 printable ASCII characters",
};
