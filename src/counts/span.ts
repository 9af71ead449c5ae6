import type { Place, TaskOrder } from "../task/query.ts";
import { earlier, justAfter, later } from "./place.ts";

/** A part of the lists' order: its end is outside. */
export interface Span {
  readonly from: Place;
  readonly to: Place;
}

/** The part of a span that follows a place in an order. */
export function spanBeyond(span: Span, place: Place, order: TaskOrder): Span {
  return order === "newest-first"
    ? { from: span.from, to: earlier(span.to, place) }
    : { from: later(span.from, justAfter(place)), to: span.to };
}
