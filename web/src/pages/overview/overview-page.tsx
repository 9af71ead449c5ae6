import { useEffect, useMemo, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { useSearch } from "wouter-preact/use-browser-location";
import { tasksApi } from "../../api/paths.ts";
import { isAway, pollMs, usePolled } from "../../api/polled.ts";
import { Freshness } from "../../components/freshness.tsx";
import { AwayBanner } from "../../components/notices.tsx";
import { RangeMenu } from "../../components/range-menu.tsx";
import { ServiceChoice } from "../../components/service-choice.tsx";
import { useTitle } from "../../components/title.ts";
import { mayDo, useReader } from "../../session-context.tsx";
import { overviewPath } from "../../view/links.ts";
import { readFilter, type TaskFilter } from "../../view/task-filter.ts";
import { NoTasksYet } from "../list/list-blanks.tsx";
import { Figures } from "./figures.tsx";
import { LatestFailures, OldestRunning } from "./live-tasks.tsx";
import "./overview.css";
import { FailuresByInstance, FailuresByName, SlowestNames } from "./rankings.tsx";
import { Timeline } from "./timeline.tsx";
import { useNow } from "./use-now.ts";

/** What is looked at unless somebody chose otherwise. */
const usualRange = { kind: "last", preset: "24h" } as const;

/** Whether the project has no task at all: asked again until there is one. */
function useIsEmpty(): boolean {
  const { project } = useReader();
  const [hasTasks, setHasTasks] = useState(false);
  const path = tasksApi(project.id, new URLSearchParams({ limit: "1" }));
  const { data } = usePolled<{ readonly total: number }>(path, { everyMs: hasTasks ? false : pollMs });
  const total = data?.total;
  useEffect(() => setHasTasks(total !== undefined && total > 0), [total]);
  return total === 0;
}

/** The state of a project at a glance; everything that is shown leads to the tasks behind it. */
export function OverviewPage() {
  const { project } = useReader();
  const search = useSearch();
  const [, navigate] = useLocation();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const asked = useMemo(() => readFilter(params), [params]);
  const isUsual = asked.range.kind === "all" && params.get("range") !== "all";
  const filter: TaskFilter = isUsual ? { ...asked, range: usualRange } : asked;
  const now = useNow(filter);
  const isEmpty = useIsEmpty();
  useTitle(`Overview · ${project.name}`);

  const show = (change: Partial<TaskFilter>) => {
    const next = { ...filter, ...change };
    const path = overviewPath(project.id, next);
    // An address without a range means the usual one.
    const isAll = next.range.kind === "all";
    navigate(isAll ? `${path}${path.includes("?") ? "&" : "?"}range=all` : path);
  };
  return (
    <div class="overview">
      <header class="page-head">
        <h1>Overview</h1>
        <Freshness seenAtMs={now.dataUpdatedAt} isAway={isAway(now.error)} />
        <div class="page-head-end">
          <ServiceChoice chosen={filter.service} onChoose={(service) => show({ service })} />
          <RangeMenu range={filter.range} onChoose={(range) => show({ range })} />
        </div>
      </header>
      <AwayBanner error={now.error} seenAtMs={now.dataUpdatedAt} />
      {isEmpty ? (
        <section class="card" aria-label="No task yet">
          <NoTasksYet mayReport={mayDo(project, "report")} />
        </section>
      ) : (
        <>
          <Figures filter={filter} />
          <Timeline filter={filter} />
          <div class="overview-columns">
            <FailuresByName filter={filter} />
            <FailuresByInstance filter={filter} />
            <SlowestNames filter={filter} />
          </div>
          <div class="overview-columns overview-columns-2">
            <OldestRunning filter={filter} />
            <LatestFailures filter={filter} />
          </div>
        </>
      )}
    </div>
  );
}
