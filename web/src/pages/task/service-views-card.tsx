import { useQuery } from "@tanstack/preact-query";
import { useId, useRef, useState } from "preact/hooks";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { readText } from "../../api/http.ts";
import { untilRead } from "../../api/polled.ts";
import { nowMs } from "../../clock.ts";
import { Failure, Loading } from "../../components/notices.tsx";
import { rootPath } from "../../root.ts";
import { useReader } from "../../session-context.tsx";
import { Code } from "./details.tsx";
import { plainJson } from "./plain-json.ts";
import { curlLine, prettyJson, viewsOf } from "./service-views.ts";

/** The task as each API shows it: the real answers, and the lines that get them in a terminal. */
export function ServiceViews({ task }: { readonly task: TaskDocument }) {
  const { session } = useReader();
  const views = viewsOf(task, nowMs());
  const [chosen, setChosen] = useState(0);
  const tabs = useRef<HTMLDivElement>(null);
  const panelId = useId();
  const view = views[Math.min(chosen, views.length - 1)];
  if (view === undefined) return null;

  const moveBy = (step: number) => {
    const next = (chosen + step + views.length) % views.length;
    setChosen(next);
    tabs.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <section class="card" aria-label="As the APIs show it">
      <header class="card-head">
        <h2>As the APIs show it</h2>
      </header>
      <div
        class="view-tabs"
        role="tablist"
        ref={tabs}
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") moveBy(1);
          if (event.key === "ArrowLeft") moveBy(-1);
        }}
      >
        {views.map(({ label }, at) => (
          <button
            key={label}
            type="button"
            role="tab"
            class="view-tab"
            aria-selected={at === chosen}
            aria-controls={panelId}
            tabIndex={at === chosen ? 0 : -1}
            onClick={() => setChosen(at)}
          >
            {label}
          </button>
        ))}
      </div>
      <div id={panelId} role="tabpanel" aria-label={view.label} class="view-panel">
        <Code text={curlLine(session.server.public_url, view.path)} name="Copy the command" />
        <Answer path={view.path} revision={task.revision} />
        <p class="muted form-note">
          TOKEN is a token of this project: the{" "}
          <a href={`${rootPath}/../docs/reference/iam#finding-the-way-and-tokens`}>documentation</a> shows how
          to get one. Where OpenStack’s client is installed,{" "}
          <code class="one-line">openstack token issue -f value -c id</code> prints one.
        </p>
      </div>
    </section>
  );
}

/** What the server answers to such a call now. */
function Answer({ path, revision }: { readonly path: string; readonly revision: number }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["answer", path, revision],
    // What an earlier revision was answered is of no use to anybody.
    gcTime: 0,
    refetchInterval: untilRead,
    queryFn: ({ signal }) => readText(`api${path}`, signal),
  });
  if (data !== undefined) return <Code text={plainJson(prettyJson(data))} name="Copy the answer" />;
  return error === null ? (
    <Loading what="the answer" lines={6} />
  ) : (
    <Failure error={error} onRetry={() => void refetch()} />
  );
}
