import { useEffect, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { ApiError } from "../../api/http.ts";
import { taskApi } from "../../api/paths.ts";
import { isAway, pollMs, usePolled } from "../../api/polled.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { Freshness } from "../../components/freshness.tsx";
import { Icon } from "../../components/icon.tsx";
import { AwayBanner, Banner, Blank, Failure, Loading } from "../../components/notices.tsx";
import { useTitle } from "../../components/title.ts";
import { useKeys } from "../../keys.tsx";
import { mayDo, useReader } from "../../session-context.tsx";
import { listPath } from "../../view/links.ts";
import { leadsBackWithin } from "../../view/way.ts";
import { DeleteRecord } from "./delete-record.tsx";
import { Details } from "./details.tsx";
import { Facts } from "./facts.tsx";
import { FailReason } from "./fail-reason.tsx";
import { Progress } from "./progress.tsx";
import { Related } from "./related.tsx";
import { ServiceViews } from "./service-views-card.tsx";
import "./task.css";
import { Timeline } from "./timeline.tsx";
import { useHistory } from "./use-history.ts";

/** How often an ended task is asked for: a late report may still revive it. In milliseconds. */
const endedPollMs = 15_000;

/** Everything about one task. */
export function TaskPage({ id }: { readonly id: string }) {
  const { project } = useReader();
  const [isEnded, setEnded] = useState(false);
  const everyMs = isEnded ? endedPollMs : pollMs;
  const { data, error, dataUpdatedAt, refetch } = usePolled<TaskDocument>(taskApi(project.id, id), {
    everyMs,
    keepsLast: false,
  });
  useEffect(() => setEnded(data !== undefined && data.ended_at !== null), [data]);
  const name = data === undefined ? id : `${data.name} of ${data.instance.name || data.instance.id}`;
  useTitle(`${name} · ${project.name}`);

  const isGone = error instanceof ApiError && error.status === 404;
  if (data === undefined) {
    if (isGone) return <NoTask id={id} />;
    return (
      <div class="task">
        <BackLink />
        {error === null ? (
          <div class="card">
            <Loading what="the task" lines={14} />
          </div>
        ) : (
          <Failure error={error} onRetry={() => void refetch()} isPage />
        )}
      </div>
    );
  }
  return (
    <div class="task">
      <div class="task-top">
        <BackLink />
        {isGone ? null : <Freshness seenAtMs={dataUpdatedAt} isAway={isAway(error)} everyMs={everyMs} />}
      </div>
      {isGone && (
        <Banner tone="warning">
          The record of this task was deleted. What you see is how it last stood.
        </Banner>
      )}
      <AwayBanner error={error} seenAtMs={dataUpdatedAt} />
      <TaskView task={data} isGone={isGone} mayDelete={!isGone && mayDo(project, "operate")} />
    </div>
  );
}

function TaskView(props: {
  readonly task: TaskDocument;
  readonly isGone: boolean;
  readonly mayDelete: boolean;
}) {
  const { task, isGone, mayDelete } = props;
  const history = useHistory(task);
  return (
    <>
      <header class="task-head">
        <div class="task-title">
          <h1>
            <bdi>{task.name}</bdi>
          </h1>
          <p class="task-id">
            <code>{task.id}</code>
            <CopyButton text={task.id} name="Copy the id" hotkey="c" />
          </p>
        </div>
        {mayDelete && <DeleteRecord task={task} />}
      </header>
      {task.fail_reason !== "" && <FailReason task={task} />}
      <div class="task-columns">
        <div class="task-main">
          <Facts task={task} />
          <Progress task={task} history={history.entries} />
          <Timeline taskId={task.id} history={history} />
        </div>
        <div class="task-side">
          <Related task={task} />
          <Details details={task.details} />
          {!isGone && <ServiceViews task={task} />}
        </div>
      </div>
    </>
  );
}

/** Leads back to the list as the reader left it; to all tasks where they came from elsewhere. */
function BackLink() {
  const { project } = useReader();
  const [, navigate] = useLocation();
  const back = () => (leadsBackWithin() ? history.back() : navigate(listPath(project.id)));
  useKeys({ u: back });
  return (
    <Link
      href={listPath(project.id)}
      className="back"
      onClick={(event: MouseEvent) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        back();
      }}
    >
      <Icon name="chevronLeft" /> Back
    </Link>
  );
}

function NoTask({ id }: { readonly id: string }) {
  const { project } = useReader();
  return (
    <Blank icon="search" title="There is no such task here" isPage>
      <p>
        Nothing in {project.name} has the id <code>{id}</code>, or its record was deleted.
      </p>
      <p>
        <Link href={listPath(project.id)}>All tasks of {project.name}</Link>
      </p>
    </Blank>
  );
}
