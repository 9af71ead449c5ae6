import type { ComponentChildren } from "preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { useNowMs } from "../../clock.ts";
import { ProgressBar } from "../../components/progress-bar.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { TasksLink } from "../../components/task-links.tsx";
import { Age, Duration, Moment, Until } from "../../components/times.tsx";
import { useReader } from "../../session-context.tsx";
import { serviceLabels } from "../../view/service-labels.ts";
import { fieldLabels } from "./field-labels.ts";

/** What a task is, and where it stands; what its producer left out is left out here. */
export function Facts({ task }: { readonly task: TaskDocument }) {
  const { project } = useReader();
  const { instance } = task;
  const labels = Object.entries(task.labels);
  return (
    <section class="card facts" aria-label="Facts">
      <div class="facts-standing">
        <StateBadge state={task.state} status={task.status} stale={task.stale} />
        {(task.progress !== null || task.state === "running") && (
          <ProgressBar percent={task.progress} state={task.state} label={task.name} />
        )}
        <Length task={task} />
      </div>
      {task.stale && <StaleNote task={task} />}
      <dl class="fact-list">
        <Fact label={fieldLabels["instance.name"]}>
          <TasksLink
            projectId={project.id}
            filter={{ instance_id: [instance.id] }}
            title="All tasks of this instance"
          >
            <bdi>{instance.name === "" ? instance.id : instance.name}</bdi>
          </TasksLink>
          {instance.name !== "" && <bdi class="mono fact-id">{instance.id}</bdi>}
          {instance.status !== "" && (
            <>
              {" "}
              <bdi class="muted">{instance.status}</bdi>
            </>
          )}
        </Fact>
        <Fact label="Service">
          {serviceLabels[task.service]}
          {task.kind === "scheduled" ? ", scheduled" : ""}
        </Fact>
        {task.database_name !== "" && (
          <Fact label={fieldLabels.database_name}>
            <bdi>{task.database_name}</bdi>
          </Fact>
        )}
        <Fact label={fieldLabels.created_at}>
          <Moment at={task.created_at} />{" "}
          <span class="muted">
            <Age at={task.created_at} />, by <bdi>{task.created_by}</bdi>
          </span>
        </Fact>
        {task.started_at !== null && (
          <Fact label={fieldLabels.started_at}>
            <Moment at={task.started_at} />
          </Fact>
        )}
        {task.ended_at !== null && (
          <Fact label={fieldLabels.ended_at}>
            <Moment at={task.ended_at} />{" "}
            <span class="muted">
              <Age at={task.ended_at} />
            </span>
          </Fact>
        )}
        {task.planned_start_at !== null && (
          <Fact label="Planned">
            <Moment at={task.planned_start_at} />
            {task.planned_end_at !== null && (
              <>
                {" to "}
                <Moment at={task.planned_end_at} />
              </>
            )}
          </Fact>
        )}
        <Fact label="Last change">
          <Moment at={task.updated_at} /> <span class="muted">revision {task.revision}</span>
        </Fact>
        {task.lease_expires_at !== null && (
          <Fact label={task.stale ? "Report was due" : "Next report due"}>
            <Moment at={task.lease_expires_at} />{" "}
            <span class="muted">
              <Age at={task.lease_expires_at} />
            </span>
          </Fact>
        )}
        {task.priority !== null && <Fact label={fieldLabels.priority}>{task.priority}</Fact>}
        {task.order_id !== "" && (
          <Fact label={fieldLabels.order_id}>
            <bdi class="mono">{task.order_id}</bdi>
          </Fact>
        )}
        {task.attempt > 1 && <Fact label={fieldLabels.attempt}>{task.attempt}</Fact>}
        {labels.length > 0 && (
          <Fact label="Labels">
            <span class="label-chips">
              {labels.map(([key, value]) => (
                <TasksLink
                  key={key}
                  projectId={project.id}
                  filter={{ label: [`${key}=${value}`] }}
                  className="label-chip"
                  title={`All tasks with ${key}=${value}`}
                >
                  <span class="label-key cut muted">{key}</span> <bdi class="cut">{value}</bdi>
                </TasksLink>
              ))}
            </span>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** How long it took, or has taken, or waits; of a plan, when it begins. Nothing where it ended and nobody told its begin. */
function Length({ task }: { readonly task: TaskDocument }) {
  const now = useNowMs();
  const { state, planned_start_at: planned } = task;
  const isAhead = state === "pending" && planned !== null && Date.parse(planned) > now;
  const what = { pending: "waiting for", running: "running for" } as const;
  if (task.ended_at !== null && task.started_at === null) return null;
  return (
    <span class="facts-duration">
      {isAhead ? (
        <>
          <span class="muted">begins</span> <Until at={planned} />
        </>
      ) : (
        <>
          <span class="muted">{state === "pending" || state === "running" ? what[state] : "took"}</span>{" "}
          <Duration from={task.started_at ?? task.created_at} to={task.ended_at} />
        </>
      )}
    </span>
  );
}

/** Why a task counts as stale, and what that means. */
function StaleNote({ task }: { readonly task: TaskDocument }) {
  return (
    <p class="stale-note">
      {task.lease_expires_at === null ? (
        "Its producer has said nothing for more than 24 hours."
      ) : (
        <>
          Its producer promised a report by <Moment at={task.lease_expires_at} />, and has been silent since.
          It may still be at work: a late report makes the task fresh again.
        </>
      )}
    </p>
  );
}
