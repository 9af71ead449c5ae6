import { useEffect, useRef, useState } from "preact/hooks";
import type { TaskCountsDocument } from "../../../../src/client/types.ts";
import { ApiError, readDocument } from "../../api/http.ts";
import { statsApi } from "../../api/paths.ts";
import { isAway } from "../../api/polled.ts";
import { nowMs } from "../../clock.ts";
import { useEdges } from "../../components/edges.ts";
import { AwayBanner, Failure } from "../../components/notices.tsx";
import { useTitle } from "../../components/title.ts";
import { counted } from "../../format/number.ts";
import { useKeys } from "../../keys.tsx";
import { mayDo, useReader } from "../../session-context.tsx";
import { readPlace } from "../../view/place.ts";
import { apiParams, conditionCount, emptyFilter, type TaskFilter } from "../../view/task-filter.ts";
import { withOnly } from "./conditions.ts";
import { Chips, FilterBar, PhoneFilters } from "./filter-bar.tsx";
import { JumpDialog } from "./jump-dialog.tsx";
import "./list.css";
import "./filter-panel.css";
import "./tasks.css";
import { NoMatch, NoTasksYet, PastTheEnd, TooBroad } from "./list-blanks.tsx";
import { ListHead } from "./list-head.tsx";
import { listTitle } from "./list-title.ts";
import {
  momentsBefore,
  pageCount,
  placeOfRank,
  viewMoments,
  withFilter,
  writeListView,
} from "./list-view.ts";
import { Pager } from "./pager.tsx";
import { StateTabs } from "./state-tabs.tsx";
import { TaskCards, TaskTable, TaskTableSkeleton } from "./task-table.tsx";
import { useLayout } from "./use-layout.ts";
import { useListView } from "./use-list-view.ts";
import { useReading } from "./use-reading.ts";
import { useTasks } from "./use-tasks.ts";

/** How many rows the list seems to have while it is on its way. */
const skeletonLines = 14;

/** All tasks, or some: the page that is looked at most. */
export function ListPage() {
  const { project } = useReader();
  const { view, show } = useListView();
  const { filter } = view;
  const layout = useLayout(filter);
  const [place] = useState(() => readPlace(history.state));
  const tasks = useTasks(view, place?.pinnedMs);
  const { answer, rows, total, pinnedMs } = tasks;
  const reading = useReading({
    rows,
    isWaiting: tasks.isWaiting,
    address: writeListView(view).toString(),
    place,
    onRead: tasks.pin,
  });
  useEdges(reading.table);
  const searchInput = useRef<HTMLInputElement>(null);
  const [isJumping, setJumping] = useState(false);
  const last = pageCount(total ?? 0, view.size);

  const setFilter = (next: TaskFilter, options: { readonly replaces?: boolean } = {}) => {
    tasks.unpin();
    reading.toTop();
    show(withFilter(view, next), options);
  };
  const goToPage = (page: number) => {
    if (page < 1 || page > last || page === view.page) return;
    const next = { ...view, page, asOfMs: pinnedMs ?? tasks.pinNow() };
    if (reading.isInTable()) reading.reach({ row: 0 }, writeListView(next).toString());
    reading.toTop();
    show(next);
  };
  const goLive = () => {
    tasks.unpin();
    if (reading.isInTable() && document.activeElement instanceof HTMLElement) document.activeElement.blur();
    reading.toTop();
    // From its oldest task on a list is the same, whatever is added: there is no other place to go to.
    const staysOn = view.order === "oldest" && view.page > 1;
    show(staysOn ? { ...view, asOfMs: nowMs() } : { ...view, page: 1, asOfMs: undefined });
  };
  const turn = () => {
    tasks.unpin();
    show({ ...view, order: view.order === "newest" ? "oldest" : "newest", page: 1, asOfMs: undefined });
  };
  const jump = async (atMs: number) => {
    const asOfMs = pinnedMs ?? tasks.pinNow();
    const moments = viewMoments(filter.range, { nowMs: nowMs(), pinnedMs: asOfMs });
    const before = momentsBefore(view.order, atMs, moments);
    const isEmpty = before.fromMs !== undefined && before.toMs !== undefined && before.fromMs > before.toMs;
    const count = async (part: typeof moments) =>
      (await readDocument<TaskCountsDocument>(statsApi(project.id, apiParams(filter, part)))).total;
    const [rank, all] = await Promise.all([isEmpty ? 0 : count(before), count(moments)]);
    const { page, row } = placeOfRank(rank, { total: all, size: view.size });
    const next = { ...view, page, asOfMs };
    reading.reach({ row }, writeListView(next).toString());
    show(next);
  };

  useKeys({
    "/": () => searchInput.current?.focus(),
    j: () => reading.move(1),
    k: () => reading.move(-1),
    n: () => goToPage(view.page + 1),
    p: () => goToPage(view.page - 1),
    t: () => setJumping(true),
    l: goLive,
  });
  useTitle(`${listTitle(filter)} · ${project.name}`);
  useEffect(() => {
    // A page further on means something only as of a moment; a link that does not say which means now.
    if (view.page > 1 && view.asOfMs === undefined) show({ ...view, asOfMs: nowMs() }, { replaces: true });
  }, [view]);
  useEffect(() => {
    // Back at the top, with nothing new above: what is shown is the live view already.
    const isHeld = pinnedMs !== undefined && view.asOfMs === undefined;
    // Whoever has come back is not at their place before its rows are there.
    const isThere = isHeld && !tasks.isWaiting;
    if (isThere && tasks.newer === 0 && reading.isAtTop() && !reading.isInTable()) tasks.unpin();
  });

  const isPhone = layout.width === "phone";
  const isUnfiltered =
    conditionCount(filter) === 0 && filter.service.length === 0 && filter.range.kind === "all";
  const filterProps = {
    filter,
    moments: tasks.moments,
    tasks: (rows ?? []).map(({ task }) => task),
    searchInput,
    onFilter: setFilter,
  };
  const rowsProps = {
    reading,
    onOpen: (taskId: string) => reading.leave(taskId, pinnedMs ?? tasks.pinNow()),
  };
  const content = () => {
    const { error } = answer;
    if (error !== null && !(isAway(error) && rows !== undefined && !tasks.isWaiting)) {
      return error instanceof ApiError && error.code === "query-too-broad" ? (
        <TooBroad onRange={(range) => setFilter({ ...filter, range })} />
      ) : (
        <Failure error={error} onRetry={() => void answer.refetch()} />
      );
    }
    if (rows === undefined || total === undefined) {
      return <TaskTableSkeleton {...layout} order={view.order} lines={skeletonLines} />;
    }
    if (rows.length > 0) {
      return isPhone ? (
        <TaskCards rows={rows} {...rowsProps} />
      ) : (
        <TaskTable
          rows={rows}
          {...rowsProps}
          columns={layout.columns}
          showsMoments={layout.showsMoments}
          order={view.order}
          onTurn={turn}
          onOnly={(key, value) => setFilter(withOnly(filter, key, value))}
        />
      );
    }
    if (total > 0) return <PastTheEnd last={last} onPage={goToPage} />;
    if (isUnfiltered) return <NoTasksYet mayReport={mayDo(project, "report")} />;
    return <NoMatch onClear={() => setFilter(emptyFilter)} />;
  };

  return (
    <div class="list">
      <ListHead view={view} tasks={tasks} layout={layout} onLive={goLive} />
      <StateTabs filter={filter} moments={tasks.moments} onFilter={setFilter} />
      {isPhone ? (
        <PhoneFilters {...filterProps} order={view.order} onTurn={turn} />
      ) : (
        <FilterBar {...filterProps} />
      )}
      <Chips filter={filter} isPhone={isPhone} onFilter={setFilter} />
      <AwayBanner error={answer.error} seenAtMs={tasks.seenAtMs} />
      <div
        ref={reading.table}
        class={`list-table ${tasks.isWaiting && rows !== undefined ? "list-waiting" : ""}`}
        aria-busy={tasks.isWaiting}
      >
        {content()}
      </div>
      {total !== undefined && total > 0 && (
        <Pager
          view={view}
          total={total}
          shown={rows?.length ?? 0}
          onPage={goToPage}
          onSize={(size) => {
            // The first task of the page stays on the page that is shown then.
            const page = Math.floor(((view.page - 1) * view.size) / size) + 1;
            show({ ...view, size, page, asOfMs: page > 1 ? (pinnedMs ?? tasks.pinNow()) : view.asOfMs });
          }}
          onJump={() => setJumping(true)}
        />
      )}
      <Finding view={writeListView(view).toString()} total={tasks.isWaiting ? undefined : total} />
      {isJumping && <JumpDialog onClose={() => setJumping(false)} onJump={jump} />}
    </div>
  );
}

/** Tells those who cannot see it what another view has found; polls are not worth a word. */
function Finding({ view, total }: { readonly view: string; readonly total: number | undefined }) {
  const [told, setTold] = useState({ view, text: "" });
  useEffect(() => {
    if (total !== undefined) setTold({ view, text: `${counted(total, "task")} found` });
  }, [view, total === undefined]);
  return (
    <p class="visually-hidden" role="status">
      {told.view === view ? told.text : ""}
    </p>
  );
}
