import type { Dashboard, Panel } from "@grafana/schema";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  Options as TableOptions,
  FieldConfig as TableStyle,
} from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type {
  FieldConfig as SeriesStyle,
  Options as TimeSeriesOptions,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

/** Grafana's own schema of a dashboard, as JSON has it: in a file a member of an enumeration is its value. */
type Plain<T> = T extends string
  ? `${T}`
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

/** What asks Prometheus; the schema leaves that to the data source. */
interface PrometheusTarget {
  readonly refId: string;
  readonly datasource: { readonly type: "prometheus"; readonly uid: string };
  readonly expr: string;
  readonly legendFormat: string;
  readonly format: "time_series" | "table" | "heatmap";
  readonly instant: boolean;
  readonly range: boolean;
  readonly editorMode: "code" | "builder";
}

/** A panel of one kind: the schema itself leaves open what its options and its series look like. */
type PanelOf<Type extends string, Options, Style> = Omit<
  Plain<Panel>,
  "type" | "title" | "description" | "options" | "targets" | "fieldConfig"
> & {
  readonly type: Type;
  readonly title: string;
  readonly description: string;
  readonly options: Plain<Options>;
  readonly targets: PrometheusTarget[];
  readonly fieldConfig: Omit<Plain<NonNullable<Panel["fieldConfig"]>>, "defaults"> & {
    readonly defaults: Omit<Plain<NonNullable<Panel["fieldConfig"]>["defaults"]>, "custom"> & {
      readonly custom?: Partial<Plain<Style>>;
    };
  };
};

interface RowPanel {
  readonly type: "row";
  readonly id: number;
  readonly title: string;
  readonly gridPos: Plain<Panel["gridPos"]>;
  readonly collapsed: false;
  readonly panels: [];
}

/** A dashboard in Grafana's schema, with the kinds of panels that ours has. */
export type GrafanaDashboard = Omit<Plain<Dashboard>, "panels"> & {
  readonly panels: (
    | PanelOf<"stat", StatOptions, never>
    | PanelOf<"table", TableOptions, TableStyle>
    | PanelOf<"timeseries", TimeSeriesOptions, SeriesStyle>
    | RowPanel
  )[];
};
