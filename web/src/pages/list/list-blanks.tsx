import { CopyButton } from "../../components/copy-button.tsx";
import { Blank } from "../../components/notices.tsx";
import { rootPath } from "../../root.ts";
import { type RangePreset, rangePresets, type TimeRange } from "../../view/time-range.ts";

/** As the server's own start text has them: they can be run as they are copied, wherever it was started. */
const runLine = "npx taskcenter run --service rds --name BackupInstance --instance db1 -- sleep 5";
const simulateLine = "npx taskcenter simulate";

/** In place of the first task. */
export function NoTasksYet({ mayReport }: { readonly mayReport: boolean }) {
  return (
    <Blank icon="list" title="No task has been reported yet">
      <p>
        This project’s tasks appear here as soon as something reports one. Any command becomes a task when it
        is run like this:
      </p>
      <Command line={runLine} />
      <p>To look around first, fill the project with the tasks of an invented fleet of databases:</p>
      <Command line={simulateLine} />
      <p>
        Run them in the directory in which the server was started; elsewhere with <code>TASKCENTER_URL</code>{" "}
        and a login set, as the{" "}
        <a href={`${rootPath}/../docs/reference/cli#finding-server-and-user`}>documentation</a> tells.
      </p>
      {!mayReport && (
        <p>
          Your roles here let you look only. Whoever administers the domain can grant you the role reporter.
        </p>
      )}
    </Blank>
  );
}

function Command({ line }: { readonly line: string }) {
  return (
    <div class="command">
      <code>{line}</code>
      <CopyButton text={line} name={`Copy: ${line}`} />
    </div>
  );
}

/** In place of tasks of which none has what is asked for. */
export function NoMatch({ onClear }: { readonly onClear: () => void }) {
  return (
    <Blank icon="filter" title="No task matches">
      <p>No task of this project passes all of the filters.</p>
      <p>
        <button type="button" class="button" onClick={onClear}>
          Clear all filters
        </button>
      </p>
    </Blank>
  );
}

/** In place of a page that the list does not have, or has no more. */
export function PastTheEnd(props: { readonly last: number; readonly onPage: (page: number) => void }) {
  return (
    <Blank icon="list" title="The list ends before this page">
      <p>
        <button type="button" class="button" onClick={() => props.onPage(props.last)}>
          Go to the last page
        </button>
      </p>
    </Blank>
  );
}

const narrower: readonly RangePreset[] = ["1h", "24h", "7d"];

/** In place of an answer that would take too long: what makes it quick, at one press. */
export function TooBroad(props: { readonly onRange: (range: TimeRange) => void }) {
  return (
    <div role="alert">
      <Blank icon="filter" title="This asks for too much at once">
        <p>
          Too many tasks would have to be looked at one by one. A time range narrows that; so does a service,
          a state, a name or an instance.
        </p>
        <p class="blank-actions">
          {narrower.map((preset) => (
            <button
              key={preset}
              type="button"
              class="button"
              onClick={() => props.onRange({ kind: "last", preset })}
            >
              {rangePresets[preset].label}
            </button>
          ))}
        </p>
      </Blank>
    </div>
  );
}
