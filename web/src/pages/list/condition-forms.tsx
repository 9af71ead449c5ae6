import { useId, useState } from "preact/hooks";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { taskKinds } from "../../../../src/task/lifecycle.ts";
import { Segment, Segments } from "../../components/segments.tsx";
import { isLabelText, type TaskFilter, toggled } from "../../view/task-filter.ts";
import { frequentTexts } from "./facets.ts";

/** How many of the values that the page shows are offered. */
const maxOffered = 8;

interface ConditionProps {
  readonly filter: TaskFilter;
  readonly onFilter: (filter: TaskFilter) => void;
  /** What is shown now: its values are offered. */
  readonly tasks: readonly TaskDocument[];
}

const kindLabels = { instant: "Instant", scheduled: "Scheduled" } as const;

/** Tasks that run at once, tasks that are planned, or both. */
export function KindChoice({ filter, onFilter }: Pick<ConditionProps, "filter" | "onFilter">) {
  return (
    <Segments name="Kind">
      <Segment isChosen={filter.kind.length === 0} onChoose={() => onFilter({ ...filter, kind: [] })}>
        All
      </Segment>
      {taskKinds.map((kind) => (
        <Segment
          key={kind}
          isChosen={filter.kind.includes(kind)}
          onChoose={() => onFilter({ ...filter, kind: [kind] })}
        >
          {kindLabels[kind]}
        </Segment>
      ))}
    </Segments>
  );
}

/** `key=value`, as people write labels. */
export function LabelForm({ filter, onFilter, tasks }: ConditionProps) {
  const texts = tasks.flatMap(({ labels }) =>
    Object.entries(labels).map(([key, value]) => `${key}=${value}`),
  );
  return (
    <TextForm
      label="Label"
      placeholder="team=payments"
      refusalOf={(text) =>
        isLabelText(text) ? "" : "A label is key=value; its key is of a–z, 0–9, point, line and underscore."
      }
      offered={frequentTexts(texts, maxOffered)}
      chosen={filter.label}
      onToggle={(text) => onFilter(toggled(filter, "label", text))}
    />
  );
}

export function DatabaseForm({ filter, onFilter, tasks }: ConditionProps) {
  const texts = tasks.map((task) => task.database_name).filter((text) => text !== "");
  return (
    <TextForm
      label="Database"
      placeholder="The whole name"
      offered={frequentTexts(texts, maxOffered)}
      chosen={filter.database_name}
      onToggle={(text) => onFilter(toggled(filter, "database_name", text))}
    />
  );
}

export function InstanceNameForm({ filter, onFilter, tasks }: ConditionProps) {
  const texts = tasks.map(({ instance }) => instance.name).filter((text) => text !== "");
  return (
    <TextForm
      label="Instance name"
      placeholder="The whole name"
      offered={frequentTexts(texts, maxOffered)}
      chosen={filter.instance_name}
      onToggle={(text) => onFilter(toggled(filter, "instance_name", text))}
    />
  );
}

/** A condition that is written, with what the shown tasks have to choose from. */
function TextForm(props: {
  readonly label: string;
  readonly placeholder: string;
  /** Why a text is none; nothing where it is one. */
  readonly refusalOf?: (text: string) => string;
  readonly offered: readonly string[];
  readonly chosen: readonly string[];
  readonly onToggle: (text: string) => void;
}) {
  const { label, placeholder, refusalOf = () => "", offered, chosen, onToggle } = props;
  const [text, setText] = useState("");
  const [refusal, setRefusal] = useState("");
  const refusalId = useId();
  // What was offered when the form was opened, and not what polls bring meanwhile.
  const [choices] = useState(() => [...new Set([...chosen, ...offered])]);
  const submit = (event: Event) => {
    event.preventDefault();
    const next = refusalOf(text);
    setRefusal(next);
    if (next !== "" || text === "") return;
    if (!chosen.includes(text)) onToggle(text);
    setText("");
  };
  return (
    <div class="condition">
      <form class="condition-form" onSubmit={submit}>
        <label class="field">
          <span>{label}</span>
          <input
            class="input"
            placeholder={placeholder}
            maxLength={320}
            autocapitalize="none"
            spellcheck={false}
            aria-invalid={refusal !== ""}
            {...(refusal === "" ? {} : { "aria-describedby": refusalId })}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setRefusal("");
            }}
          />
        </label>
        <button type="submit" class="button" disabled={text === ""} aria-label={`Add the condition ${label}`}>
          Add
        </button>
      </form>
      {refusal !== "" && (
        <p class="condition-refusal" id={refusalId} role="alert">
          {refusal}
        </p>
      )}
      {choices.length > 0 && (
        <ul class="offered" aria-label={`${label}: on this page`}>
          {choices.map((choice) => (
            <li key={choice}>
              <button
                type="button"
                class="offer"
                aria-pressed={chosen.includes(choice)}
                title={choice}
                onClick={() => onToggle(choice)}
              >
                <bdi class="cut">{choice}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
