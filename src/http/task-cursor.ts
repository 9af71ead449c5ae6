import { invalidParameter } from "../task/error.ts";
import type { Place, TaskOrder } from "../task/query.ts";

/**
 * A cursor is the place of a page's last task, so what is created and deleted elsewhere moves nothing: the next page
 * goes on right behind that place, also when its task is gone. It holds no secret and needs no memory of ours. Callers
 * only hand it back; the number in front tells its form, should there ever be another one.
 */
const form = /^1 (newest-first|oldest-first) ([0-9]{1,15}) ([A-Za-z0-9_-]{1,64})$/;

/** The cursor of the tasks that follow a place in an order. */
export function cursorText({ createdAtMs, id }: Place, order: TaskOrder): string {
  return Buffer.from(`1 ${order} ${createdAtMs} ${id}`).toString("base64url");
}

/**
 * The place that a cursor stands for.
 *
 * @throws TaskCenterError `invalid-parameter` for what `cursorText` never made, and for a cursor of the other order.
 */
export function readCursor(text: string, wanted: TaskOrder): Place {
  const [, order, timeText, id] = form.exec(Buffer.from(text, "base64url").toString("latin1")) ?? [];
  if (order === undefined || id === undefined) throw malformed();
  const place = { createdAtMs: Number(timeText), id };
  // The decoder passes over what it does not know; one place has one cursor.
  if (cursorText(place, order as TaskOrder) !== text) throw malformed();
  if (order !== wanted) throw invalidParameter("cursor", "must be of a page with the same sort");
  return place;
}

function malformed() {
  return invalidParameter("cursor", "must be the next_cursor of another page");
}
