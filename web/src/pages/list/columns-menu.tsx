import { Icon } from "../../components/icon.tsx";
import { Popover } from "../../components/popover.tsx";
import { Segment, Segments } from "../../components/segments.tsx";
import { columnNames, columns as columnTable, fixedColumns } from "./columns.ts";
import type { Layout } from "./use-layout.ts";

/** Which columns the table has, and how it shows times. */
export function ColumnsMenu({ layout }: { readonly layout: Layout }) {
  const { columns, hasChosenColumns, chooseColumns, showsMoments, chooseMoments } = layout;
  return (
    <Popover name="Columns" icon="columns" label={<span class="head-words">Columns</span>} className="button">
      {() => (
        <div class="menu">
          <Segments name="Times">
            <Segment isChosen={!showsMoments} onChoose={() => chooseMoments(false)}>
              Ages
            </Segment>
            <Segment isChosen={showsMoments} onChoose={() => chooseMoments(true)}>
              Dates and times
            </Segment>
          </Segments>
          <ul class="menu-list column-list" aria-label="Columns">
            {columnNames.map((column) => (
              <li key={column}>
                <label class="facet">
                  <input
                    type="checkbox"
                    checked={columns.includes(column)}
                    disabled={fixedColumns.includes(column)}
                    onChange={(event) => {
                      const isWanted = event.currentTarget.checked;
                      chooseColumns(
                        columnNames.filter((one) => (one === column ? isWanted : columns.includes(one))),
                      );
                    }}
                  />
                  <span class="facet-value">{columnTable[column].label}</span>
                </label>
              </li>
            ))}
          </ul>
          <button
            type="button"
            class="button"
            disabled={!hasChosenColumns}
            onClick={() => chooseColumns(undefined)}
          >
            <Icon name="refresh" size={14} /> Reset columns
          </button>
        </div>
      )}
    </Popover>
  );
}
