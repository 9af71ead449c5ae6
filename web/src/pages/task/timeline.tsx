import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { HistoryEntryDocument } from "../../../../src/client/types.ts";
import { statusMeanings, type TaskStatus } from "../../../../src/task/lifecycle.ts";
import type { FieldChange } from "../../../../src/task/task.ts";
import { Banner, Failure, Loading } from "../../components/notices.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Age, Moment } from "../../components/times.tsx";
import { durationText } from "../../format/duration.ts";
import { counted, countText } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { emptyFilter } from "../../view/task-filter.ts";
import { exportLine } from "../list/export.ts";
import { fieldLabel } from "./field-labels.ts";
import { FoldedText } from "./folded-text.tsx";
import { historyLines, valueText } from "./history-lines.ts";
import type { History } from "./use-history.ts";

/** A report that says when it happened, and says so later than this, is shown with both times, in milliseconds. */
const lateMs = 2000;

/** How many lines are shown at first, and how many more with each press: every one of them tells its age. */
const linesAtFirst = 50;
const linesMore = 200;

/** Every change of a task, newest first: what changed, when, by whom, and what was said of it. */
export function Timeline(props: { readonly taskId: string; readonly history: History }) {
  const { taskId, history } = props;
  const lines = historyLines(history.entries, history.gapAfter);
  const [shown, setShown] = useState(linesAtFirst);
  return (
    <section class="card" aria-labelledby="history-title">
      <header class="card-head">
        <h2 id="history-title">Timeline</h2>
        {history.entries.length > 0 && (
          <span class="muted">
            {history.gapAfter !== undefined && "the first and the latest "}
            {counted(history.entries.length, "change")}
          </span>
        )}
      </header>
      {history.isLoading && <Loading what="the timeline" lines={5} />}
      {history.error !== null && history.entries.length === 0 && (
        <Failure error={history.error} onRetry={history.retry} />
      )}
      {history.error !== null && history.entries.length > 0 && (
        <div class="history-rest">
          <Banner tone="warning">The latest changes could not be read. Trying again …</Banner>
        </div>
      )}
      <ol class="history">
        {lines.slice(0, shown).map((line) => {
          if (line.kind === "gap") return <Gap key="gap" taskId={taskId} />;
          if (line.kind === "progress") {
            return <ProgressRun key={line.entries[0]?.revision} entries={line.entries} />;
          }
          return (
            <Line key={line.entry.revision} entry={line.entry}>
              <Change entry={line.entry} />
            </Line>
          );
        })}
      </ol>
      {lines.length > shown && (
        <p class="history-rest">
          <button type="button" class="button" onClick={() => setShown(shown + linesMore)}>
            Show {countText(Math.min(linesMore, lines.length - shown))} of {countText(lines.length - shown)}{" "}
            earlier
          </button>
        </p>
      )}
    </section>
  );
}

/** In the place of changes of a long history that were not read. */
function Gap({ taskId }: { readonly taskId: string }) {
  const { project } = useReader();
  const line = exportLine(project.id, { ...emptyFilter, q: [taskId] }, {});
  return (
    <li class="history-fold">
      <Banner tone="info">
        The changes between these are not shown here; <code>{line}</code> writes them all.
      </Banner>
    </li>
  );
}

function Line(props: { readonly entry: HistoryEntryDocument; readonly children: ComponentChildren }) {
  const { entry, children } = props;
  const delayMs = Date.parse(entry.at) - Date.parse(entry.reported_at);
  return (
    <li class={`history-line ${markOf(entry)}`}>
      <div>{children}</div>
      {entry.message !== "" && (
        <div class="history-message">
          <FoldedText text={entry.message} lines={6} characters={600} />
        </div>
      )}
      <p class="history-when muted">
        <Moment at={entry.reported_at} /> · <Age at={entry.reported_at} /> · <bdi>{entry.by}</bdi>
        {delayMs > lateMs && ` · reported ${durationText(delayMs)} later`}
      </p>
    </li>
  );
}

/** A change of the status is marked by its state. */
function markOf({ changes }: HistoryEntryDocument): string {
  const status = changes.status?.to;
  const meaning = typeof status === "string" ? statusMeanings[status as TaskStatus] : undefined;
  return meaning === undefined ? "" : `history-line-${meaning.state}`;
}

/** What a change changed; of the first one, what the task began with. */
function Change({ entry }: { readonly entry: HistoryEntryDocument }) {
  const fields = Object.entries(entry.changes);
  if (entry.revision === 1) {
    const status = entry.changes.status?.to;
    return (
      <>
        Created{typeof status === "string" && <> as {statusBadge(status)}</>}
        {fields.length > 1 && (
          <details class="history-more">
            <summary>with {counted(fields.length - 1, "more field")}</summary>
            <Fields fields={fields.filter(([field]) => field !== "status")} />
          </details>
        )}
      </>
    );
  }
  const status = entry.changes.status;
  const others = fields.filter(([field]) => field !== "status");
  return (
    <>
      {status !== undefined && (
        <span>
          {statusBadge(status.from)} → {statusBadge(status.to)}
        </span>
      )}
      {others.length > 0 && <Fields fields={others} />}
      {fields.length === 0 && entry.message === "" && <span class="muted">No field changed.</span>}
    </>
  );
}

function statusBadge(status: unknown): ComponentChildren {
  const meaning = statusMeanings[status as TaskStatus];
  return meaning === undefined ? (
    valueText(status)
  ) : (
    <StateBadge state={meaning.state} status={String(status)} />
  );
}

function Fields({ fields }: { readonly fields: readonly (readonly [string, FieldChange])[] }) {
  return (
    <dl class="history-fields">
      {fields.map(([field, { from, to }]) => (
        <div key={field}>
          <dt title={field}>{fieldLabel(field)}</dt>
          <dd>
            {from !== null && from !== "" && (
              <>
                <bdi class="history-from">{valueText(from, field)}</bdi> →{" "}
              </>
            )}
            {typeof to === "string" && field.endsWith("_at") ? (
              <Moment at={to} />
            ) : (
              <bdi>{valueText(to, field)}</bdi>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Reports of nothing but progress, in one line until somebody wants to see each. */
function ProgressRun({ entries }: { readonly entries: readonly HistoryEntryDocument[] }) {
  const [isOpen, setOpen] = useState(false);
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return null;
  const tookMs = Date.parse(last.reported_at) - Date.parse(first.reported_at);
  if (isOpen) {
    return (
      <>
        <li class="history-fold">
          <button type="button" class="button button-quiet" onClick={() => setOpen(false)}>
            Fold {counted(entries.length, "report")}
          </button>
        </li>
        {entries.toReversed().map((entry) => (
          <Line key={entry.revision} entry={entry}>
            <Change entry={entry} />
          </Line>
        ))}
      </>
    );
  }
  return (
    <li class="history-line">
      <div>
        Progress {percentText(first.changes.progress?.from ?? first.changes.progress?.to)} →{" "}
        <b>{percentText(last.changes.progress?.to)}</b>{" "}
        <button type="button" class="link-button" onClick={() => setOpen(true)}>
          in {counted(entries.length, "report")}
        </button>
      </div>
      <p class="history-when muted">
        <Moment at={last.reported_at} /> · over {durationText(tookMs)} · <bdi>{last.by}</bdi>
      </p>
    </li>
  );
}

function percentText(value: unknown): string {
  return typeof value === "number" ? `${Math.floor(value)} %` : "–";
}
