import { useMemo } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { useSearch } from "wouter-preact/use-browser-location";
import { useReader } from "../../session-context.tsx";
import { listPath, withQuery } from "../../view/links.ts";
import { type ListView, readListView, writeListView } from "./list-view.ts";

/** Leads to another view; in place of this one in the browser's history where it is no step of its own. */
export type ShowView = (next: ListView, options?: { readonly replaces?: boolean }) => void;

/** What the page's address says that is shown, and how another view is shown. */
export function useListView(): { readonly view: ListView; readonly show: ShowView } {
  const { project } = useReader();
  const [, navigate] = useLocation();
  // As the browser has it: the router's own hook decodes it once too often for texts with a percent sign.
  const search = useSearch();
  const view = useMemo(() => readListView(new URLSearchParams(search)), [search]);
  const show: ShowView = (next, { replaces = false } = {}) =>
    navigate(withQuery(listPath(project.id), writeListView(next)), { replace: replaces });
  return { view, show };
}
