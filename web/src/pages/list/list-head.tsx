import { isAway } from "../../api/polled.ts";
import { useNowMs } from "../../clock.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { Freshness } from "../../components/freshness.tsx";
import { Icon } from "../../components/icon.tsx";
import { counted, countText } from "../../format/number.ts";
import { exactTimeText, timeText } from "../../format/time.ts";
import { ColumnsMenu } from "./columns-menu.tsx";
import { ExportMenu } from "./export-menu.tsx";
import type { ListView } from "./list-view.ts";
import type { Layout } from "./use-layout.ts";
import type { ShownTasks } from "./use-tasks.ts";

/** How many tasks there are, how fresh that is, and what can be done with the list as a whole. */
export function ListHead(props: {
  readonly view: ListView;
  readonly tasks: ShownTasks;
  readonly layout: Layout;
  readonly onLive: () => void;
}) {
  const { view, tasks, layout, onLive } = props;
  const { total, pinnedMs, newer } = tasks;
  const away = isAway(tasks.answer.error);
  return (
    <header class="list-head">
      <h1 class="list-total">{total === undefined ? "Tasks" : counted(total, "task")}</h1>
      {pinnedMs === undefined || away ? (
        <Freshness seenAtMs={tasks.seenAtMs} isAway={away} />
      ) : (
        <AsOf atMs={pinnedMs} />
      )}
      {newer > 0 && (
        <button type="button" class="button button-small" title="Back to the live view (l)" onClick={onLive}>
          <Icon name="refresh" size={13} /> {countText(newer)} newer {newer === 1 ? "task" : "tasks"} – show
        </button>
      )}
      {newer === 0 && view.asOfMs !== undefined && (
        <button
          type="button"
          class="button button-quiet button-small"
          title="Back to the live view (l)"
          onClick={onLive}
        >
          Back to live
        </button>
      )}
      {tasks.hasChanged && (
        <button
          type="button"
          class="button button-small"
          title="Tasks have left this page, or come to it; what you look at was not moved"
          onClick={tasks.refresh}
        >
          <Icon name="refresh" size={13} /> This page has changed – refresh
        </button>
      )}
      <div class="list-actions">
        {layout.width !== "phone" && <ColumnsMenu layout={layout} />}
        <ExportMenu filter={view.filter} order={view.order} moments={tasks.moments} total={total ?? 0} />
        <CopyButton text={window.location.href} name="Copy link" showsName={layout.width !== "phone"} />
      </div>
    </header>
  );
}

/** The moment at which the list stands still; of today its time says enough. */
function AsOf({ atMs }: { readonly atMs: number }) {
  const now = useNowMs();
  const text = timeText(atMs);
  const isToday = text.slice(0, 10) === timeText(now).slice(0, 10);
  return (
    <span
      class="freshness as-of"
      title={`${exactTimeText(atMs)}. Later tasks are not listed, so that the pages stay as they are; those that are shown are kept up to date.`}
    >
      <Icon name="clock" size={13} /> As of {isToday ? text.slice(11) : text}
    </span>
  );
}
