import type { FastifyRequest } from "fastify";
import { lastValues, type Query } from "../query.ts";

/**
 * A list as Keystone answers it. Every member of the things is a filter by its name in the query, as Keystone's are;
 * what else stands there means nothing. The list is whole, whatever limit is asked for: so nothing comes after a marker,
 * the last thing that a pager has seen.
 */
export function listDocument(
  key: string,
  items: readonly object[],
  { request, publicUrl }: { readonly request: FastifyRequest; readonly publicUrl: string },
) {
  const { marker = "", ...filters } = lastValues(request.query as Query);
  const wanted = Object.entries(filters);
  const shown = items.filter((item) => {
    if (marker !== "") return false;
    const members = new Map<string, unknown>(Object.entries(item));
    return wanted.every(([name, value]) => !members.has(name) || isValue(members.get(name), value));
  });
  return { [key]: shown, links: { self: publicUrl + request.url, next: null, previous: null } };
}

/** What is not a text or a boolean is empty in every one of our documents, and so fits no value. */
function isValue(member: unknown, value: string): boolean {
  // An empty text is one that was not given; of a boolean the key alone says enough.
  if (value === "" && typeof member === "string") return true;
  return member === (typeof member === "boolean" ? !falseWords.test(value) : value);
}

/** Keystone takes every other word for true, and none at all as well. */
const falseWords = /^(?:0|f|false|n|no|off)$/i;

/** The last value of a key in the query; nothing where it is not there, or empty. */
export function queryValue(request: FastifyRequest, key: string): string | undefined {
  return lastValues(request.query as Query)[key] || undefined;
}
