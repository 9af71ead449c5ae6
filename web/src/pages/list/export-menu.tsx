import { useEffect, useRef, useState } from "preact/hooks";
import { readFile } from "../../api/http.ts";
import { tasksApi } from "../../api/paths.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { Icon } from "../../components/icon.tsx";
import { Popover } from "../../components/popover.tsx";
import { counted } from "../../format/number.ts";
import { useReader } from "../../session-context.tsx";
import { apiParams, type TaskFilter } from "../../view/task-filter.ts";
import type { Moments } from "../../view/time-range.ts";
import { exportLine, fileName, heldTasks } from "./export.ts";
import type { ListOrder } from "./list-view.ts";

interface ExportProps {
  readonly filter: TaskFilter;
  readonly order: ListOrder;
  readonly moments: Moments;
  readonly total: number;
}

const forms = [
  { type: "text/csv", ending: "csv", label: "CSV", note: "for a spreadsheet" },
  { type: "application/x-ndjson", ending: "ndjson", label: "NDJSON", note: "a task on each line, in full" },
] as const;
type Form = (typeof forms)[number];

/** All tasks of the filter as a file. */
export function ExportMenu(props: ExportProps) {
  return (
    <Popover name="Export" icon="download" label={<span class="head-words">Export</span>} className="button">
      {(close) => <ExportPanel {...props} close={close} />}
    </Popover>
  );
}

function ExportPanel({ filter, order, moments, total, close }: ExportProps & { readonly close: () => void }) {
  const { project } = useReader();
  const [wanted, setWanted] = useState<Form>();
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const stopper = useRef<AbortController>();
  useEffect(() => () => stopper.current?.abort(), []);

  const save = async (form: Form) => {
    const params = apiParams(filter, moments);
    if (order === "oldest") params.set("sort", "created_at");
    setBusy(true);
    setRefusal("");
    stopper.current = new AbortController();
    try {
      const file = await readFile(tasksApi(project.id, params), form.type, stopper.current.signal);
      download(file, fileName(project.name, form.ending));
      close();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) {
        setRefusal(error instanceof Error ? error.message : String(error));
      }
      setBusy(false);
    }
  };
  const choose = (form: Form) => {
    if (total > heldTasks) setWanted(form);
    else void save(form);
  };

  if (isBusy) {
    return (
      <div class="menu export-panel">
        <p role="status">Reading {counted(total, "task")} …</p>
        <button type="button" class="button" onClick={() => stopper.current?.abort()}>
          Stop
        </button>
      </div>
    );
  }
  if (wanted !== undefined) {
    const line = exportLine(project.id, filter, moments);
    return (
      <div class="menu export-panel">
        <p>
          {counted(total, "task")} are a lot for a browser: the whole file is held in its memory before it is
          saved. On a command line this writes them piece by piece, and goes on where it was interrupted:
        </p>
        <div class="command">
          <code>{line}</code>
          <CopyButton text={line} name="Copy the command" />
        </div>
        <button type="button" class="button" onClick={() => save(wanted)}>
          Save {wanted.label} here all the same
        </button>
      </div>
    );
  }
  return (
    <div class="menu export-panel">
      {refusal !== "" && (
        <p class="condition-refusal" role="alert">
          {refusal}
        </p>
      )}
      <p class="menu-note muted">{counted(total, "task")}, as filtered here</p>
      <ul class="menu-list">
        {forms.map((form) => (
          <li key={form.label}>
            <button type="button" class="menu-item" onClick={() => choose(form)}>
              <Icon name="download" size={14} /> {form.label} <span class="muted">{form.note}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Gives a file to the browser to save. */
function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has begun to read it by the next turn of its loop.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
