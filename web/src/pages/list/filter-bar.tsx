import type { ComponentChildren, RefObject } from "preact";
import { useState } from "preact/hooks";
import type { TaskDocument } from "../../../../src/client/types.ts";
import type { Service, TaskState } from "../../../../src/task/lifecycle.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Icon } from "../../components/icon.tsx";
import { Popover } from "../../components/popover.tsx";
import { RangeMenu, rangeLabel } from "../../components/range-menu.tsx";
import { ServiceChoice } from "../../components/service-choice.tsx";
import { stateMarks } from "../../components/state-badge.tsx";
import { serviceLabels } from "../../view/service-labels.ts";
import { conditionCount, emptyFilter, type TaskFilter } from "../../view/task-filter.ts";
import { allTime, type Moments } from "../../view/time-range.ts";
import { DatabaseForm, InstanceNameForm, KindChoice, LabelForm } from "./condition-forms.tsx";
import { type Condition, conditionsOf } from "./conditions.ts";
import { FacetList } from "./facet-list.tsx";
import type { ListOrder } from "./list-view.ts";
import { SearchBox } from "./search-box.tsx";

export interface FilterProps {
  readonly filter: TaskFilter;
  readonly moments: Moments;
  readonly tasks: readonly TaskDocument[];
  readonly searchInput: RefObject<HTMLInputElement>;
  readonly onFilter: (filter: TaskFilter, options?: { readonly replaces?: boolean }) => void;
}

/** Which tasks are listed, in one row. */
export function FilterBar(props: FilterProps) {
  const { filter, searchInput, onFilter } = props;
  const more = filter.kind.length + filter.label.length + filter.database_name.length;
  return (
    <div class="filter-bar">
      <SearchBox input={searchInput} filter={filter} onFilter={onFilter} />
      <ServiceChoice chosen={filter.service} onChoose={(service) => onFilter({ ...filter, service })} />
      <RangeMenu range={filter.range} onChoose={(range) => onFilter({ ...filter, range })} />
      <FilterButton name="Name" count={filter.name.length}>
        <NameFacets {...props} />
      </FilterButton>
      <FilterButton name="Status" count={filter.status.length}>
        <StatusFacets {...props} />
      </FilterButton>
      <FilterButton name="Instance" count={filter.instance_id.length + filter.instance_name.length}>
        <InstanceFacets {...props} />
      </FilterButton>
      <FilterButton name="More" title="Kind, label, database" count={more}>
        <MoreConditions {...props} />
      </FilterButton>
      {hasConditions(filter) && <ClearAll onFilter={onFilter} />}
    </div>
  );
}

function FilterButton(props: {
  readonly name: string;
  readonly title?: string;
  readonly count: number;
  readonly children: ComponentChildren;
}) {
  const { name, title = name, count, children } = props;
  return (
    <Popover
      name={title}
      className={`button ${count > 0 ? "button-on" : ""}`}
      label={
        <>
          {name}
          {count > 0 && <span class="filter-count">{count}</span>}
          <Icon name="chevronDown" size={12} />
        </>
      }
    >
      {() => <div class="filter-panel">{children}</div>}
    </Popover>
  );
}

function NameFacets(props: FilterProps) {
  return <FacetList facetKey="name" what="names" {...props} />;
}

function StatusFacets(props: FilterProps) {
  return <FacetList facetKey="status" what="statuses" {...props} />;
}

function InstanceFacets(props: FilterProps) {
  return (
    <>
      <InstanceNameForm {...props} />
      <h2 class="facet-head">Instance id</h2>
      <FacetList facetKey="instance_id" what="instance ids" {...props} />
    </>
  );
}

function MoreConditions(props: FilterProps) {
  return (
    <>
      <div class="condition">
        <h2 class="condition-head">Kind</h2>
        <KindChoice {...props} />
      </div>
      <LabelForm {...props} />
      <DatabaseForm {...props} />
    </>
  );
}

/** Every condition that is set, each of which goes away when it is pressed. */
export function Chips(props: {
  readonly filter: TaskFilter;
  readonly isPhone: boolean;
  readonly onFilter: (filter: TaskFilter) => void;
}) {
  const { filter, isPhone, onFilter } = props;
  const conditions = conditionsOf(filter, { hasRoom: !isPhone });
  const showsRange = isPhone && filter.range.kind !== "all";
  if (conditions.length === 0 && !showsRange) return null;
  return (
    <ul class="chips" aria-label="Conditions">
      {conditions.map((condition) => (
        <Chip
          key={`${condition.key} ${condition.value}`}
          label={condition.label}
          value={valueLabel(condition)}
          onRemove={() => onFilter(condition.without)}
        />
      ))}
      {showsRange && (
        <Chip
          label="Time"
          value={rangeLabel(filter.range)}
          onRemove={() => onFilter({ ...filter, range: allTime })}
        />
      )}
      {isPhone && (
        <li>
          <ClearAll onFilter={onFilter} />
        </li>
      )}
    </ul>
  );
}

/** Services and states are called what they are called everywhere else. */
function valueLabel({ key, value }: Condition): string {
  if (key === "service") return serviceLabels[value as Service];
  return key === "state" ? stateMarks[value as TaskState].label : value;
}

function hasConditions(filter: TaskFilter): boolean {
  return conditionCount(filter) > 0 || filter.service.length > 0 || filter.range.kind !== "all";
}

function ClearAll({ onFilter }: { readonly onFilter: (filter: TaskFilter) => void }) {
  return (
    <button type="button" class="button button-quiet clear-all" onClick={() => onFilter(emptyFilter)}>
      Clear all
    </button>
  );
}

function Chip(props: { readonly label: string; readonly value: string; readonly onRemove: () => void }) {
  const { label, value, onRemove } = props;
  return (
    <li class="chip-place">
      <button
        type="button"
        class="chip"
        aria-label={`Remove the condition ${label}: ${value}`}
        title={`Remove ${label}: ${value}`}
        onClick={onRemove}
      >
        <span class="muted">{label}:</span> <bdi class="cut">{value}</bdi>
        <Icon name="close" size={11} />
      </button>
    </li>
  );
}

/** The same on a phone: the search, and one button for everything else. */
export function PhoneFilters(
  props: FilterProps & { readonly order: ListOrder; readonly onTurn: () => void },
) {
  const { filter, searchInput, onFilter, order, onTurn } = props;
  const [isOpen, setOpen] = useState(false);
  const count =
    conditionCount({ ...filter, state: [], stale: undefined, q: [] }) +
    filter.service.length +
    (filter.range.kind === "all" ? 0 : 1);
  return (
    <div class="filter-bar">
      <SearchBox input={searchInput} filter={filter} onFilter={onFilter} />
      <button
        type="button"
        class={`button ${count > 0 ? "button-on" : ""}`}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Icon name="filter" size={14} /> Filters{count > 0 && ` (${count})`}
      </button>
      {isOpen && (
        <Dialog title="Filters" onClose={() => setOpen(false)}>
          <div class="phone-filters">
            <ServiceChoice chosen={filter.service} onChoose={(service) => onFilter({ ...filter, service })} />
            <div class="phone-filters-row">
              <RangeMenu range={filter.range} onChoose={(range) => onFilter({ ...filter, range })} />
              <button type="button" class="button" onClick={onTurn}>
                {order === "newest" ? "Newest first" : "Oldest first"}
              </button>
            </div>
            <Fold title="Name">
              <NameFacets {...props} />
            </Fold>
            <Fold title="Status">
              <StatusFacets {...props} />
            </Fold>
            <Fold title="Instance">
              <InstanceFacets {...props} />
            </Fold>
            <Fold title="Kind, label, database">
              <MoreConditions {...props} />
            </Fold>
          </div>
          <div class="dialog-actions">
            <button type="button" class="button" onClick={() => onFilter(emptyFilter)}>
              Clear all
            </button>
            <button type="button" class="button button-main" onClick={() => setOpen(false)}>
              Show the tasks
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

/** What is in it asks for nothing before it is opened. */
function Fold({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && children}
    </details>
  );
}
