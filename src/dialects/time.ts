/** The services' time form, `yyyy-mm-ddThh:mm:ss+0000`, our own, and the window that the services look back. */

const minuteMs = 60 * 1000;
const dayMs = 24 * 60 * minuteMs;

/** How far back DDM lets one ask, and how long a window GeminiDB answers: 30 days. */
export const windowMs = 30 * dayMs;
/** What is granted beyond the window: clocks differ, and clients subtract exactly 30 days. */
export const windowGraceMs = 5 * minuteMs;

/** Makes the function that shows times in a zone, which is given in minutes east of UTC, cut to seconds. */
export function timeFormat(utcOffsetMinutes: number): (timeMs: number) => string {
  const offsetMs = utcOffsetMinutes * minuteMs;
  const face = clockFace(zoneText(utcOffsetMinutes));
  return (timeMs) => {
    face.set(timeMs + offsetMs);
    return face.text();
  };
}

/** Makes the function that shows times as RFC 3339 in UTC with milliseconds: what `toISOString` says, much faster. */
export function exactTimeFormat(): (timeMs: number) => string {
  const face = clockFace(".000Z");
  return (timeMs) => {
    face.set(timeMs);
    face.setMilliseconds(timeMs);
    return face.text();
  };
}

/**
 * Shows `yyyy-mm-ddThh:mm:ss` and an ending, for the four digits of a year that every stored time has.
 *
 * Lists are full of times, and how these are made decides what a list costs. A text that was put together from pieces
 * stays in pieces until somebody reads it, and at the first such text `JSON.stringify` leaves its fast path: half as fast
 * from there on. So the characters are kept, as a clock keeps its face and moves only its hands, and the text is made of
 * all of them at once. The date is set only where it is not that of the time before, which it mostly is within a page.
 */
function clockFace(ending: string) {
  const characters = Array.from(`0000-00-00T00:00:00${ending}`, (character) => character.charCodeAt(0));
  let shownDay = Number.NaN;

  const setTwoDigits = (at: number, value: number): void => {
    const tens = Math.floor(value / 10);
    characters[at] = zero + tens;
    characters[at + 1] = zero + value - tens * 10;
  };
  const setDate = (day: number): void => {
    shownDay = day;
    const date = new Date(day * dayMs).toISOString();
    for (let at = 0; at < "yyyy-mm-dd".length; at++) characters[at] = date.charCodeAt(at);
  };
  return {
    set(localMs: number): void {
      const day = Math.floor(localMs / dayMs);
      if (day !== shownDay) setDate(day);
      const second = Math.floor((localMs - day * dayMs) / 1000);
      const minute = Math.floor(second / 60);
      setTwoDigits(11, Math.floor(minute / 60));
      setTwoDigits(14, minute % 60);
      setTwoDigits(17, second % 60);
    },
    /** For an ending that begins with `.000`. */
    setMilliseconds(localMs: number): void {
      const milliseconds = localMs - Math.floor(localMs / 1000) * 1000;
      const hundreds = Math.floor(milliseconds / 100);
      characters[20] = zero + hundreds;
      setTwoDigits(21, milliseconds - hundreds * 100);
    },
    text: (): string => String.fromCharCode(...characters),
  };
}

const zero = "0".charCodeAt(0);

/** A zone as the services write it, `+0000`, from minutes east of UTC. */
export function zoneText(utcOffsetMinutes: number): string {
  const minutes = Math.abs(utcOffsetMinutes);
  return `${utcOffsetMinutes < 0 ? "-" : "+"}${twoDigits(Math.floor(minutes / 60))}${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/**
 * Reads a time in the services' form: `Z`, an offset like `+0100` or `-0330`, or no zone, which means UTC. The plus of
 * an offset reaches a server as a space where a client did not encode it. Undefined for any other text and for times
 * that no calendar or clock shows: 30 February, 24:00:00.
 */
export function parseTime(text: string): number | undefined {
  const match = timeForm.exec(text);
  if (match === null) return undefined;
  const [, local = "", sign, hours = "00", minutes = "00"] = match;
  const localMs = Date.parse(`${local}Z`);
  // Date rolls 30 February over into March, so what it made of the text is held against the text.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(local)) return undefined;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * minuteMs;
  return sign === "-" ? localMs + offsetMs : localMs - offsetMs;
}

const timeForm = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:Z|([+\- ])([01]\d|2[0-3])([0-5]\d))?$/;
