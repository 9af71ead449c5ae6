import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { emptyFilter } from "../../view/task-filter.ts";
import { columnsText, readColumns, usualColumns } from "./columns.ts";
import { conditionsOf, searchedText, withOnly, withSearchedText } from "./conditions.ts";
import { exportLine, fileName } from "./export.ts";
import { frequentTexts, maxFacets, shownFacets } from "./facets.ts";
import { listTitle } from "./list-title.ts";

const open = { fromMs: undefined, toMs: undefined };
const begin = "OS_PROJECT_ID=p1 taskcenter export";

test("every condition without a place of its own can be taken away alone", () => {
  const filter = {
    ...emptyFilter,
    service: ["rds"],
    state: ["failed"],
    name: ["A", "B"],
    label: ["team=x"],
  } as const;
  const shown = conditionsOf(filter, { hasRoom: true });
  assert.deepEqual(
    shown.map(({ label, value }) => `${label} ${value}`),
    ["Name A", "Name B", "Label team=x"],
  );
  assert.deepEqual(shown[0]?.without, { ...filter, name: ["B"] });
  assert.deepEqual(
    conditionsOf({ ...filter, stale: true }, { hasRoom: false }).map(
      ({ label, value }) => `${label} ${value}`,
    ),
    ["Service rds", "State failed", "Name A", "Name B", "Label team=x", "Stale yes"],
  );
});

test("that tasks are not stale is a condition that is seen, and taken away", () => {
  const [shown, ...others] = conditionsOf({ ...emptyFilter, stale: false }, { hasRoom: true });
  assert.deepEqual([shown?.label, shown?.value, shown?.without], ["Stale", "no", emptyFilter]);
  assert.deepEqual(others, []);
  assert.deepEqual(conditionsOf({ ...emptyFilter, stale: true }, { hasRoom: true }), []);
});

test("a single text stands in the search box, several beside it", () => {
  assert.equal(searchedText({ ...emptyFilter, q: ["disk full"] }), "disk full");
  assert.equal(searchedText({ ...emptyFilter, q: ["a", "b"] }), "");
  assert.deepEqual(conditionsOf({ ...emptyFilter, q: ["a"] }, { hasRoom: true }), []);
  assert.equal(conditionsOf({ ...emptyFilter, q: ["a", "b"] }, { hasRoom: true }).length, 2);
  assert.deepEqual(withSearchedText({ ...emptyFilter, q: ["a"] }, "b").q, ["b"]);
  assert.deepEqual(withSearchedText({ ...emptyFilter, q: ["a"] }, "  ").q, []);
  assert.deepEqual(withSearchedText(emptyFilter, " disk full ").q, ["disk full"]);
  assert.deepEqual(withSearchedText({ ...emptyFilter, q: ["a", "b"] }, "c").q, ["a", "b", "c"]);
});

test("only the tasks of one value are those of it alone, whatever was chosen before", () => {
  assert.deepEqual(withOnly({ ...emptyFilter, name: ["A", "B"] }, "name", "B").name, ["B"]);
});

test("a list's title says what it is of", () => {
  assert.equal(listTitle(emptyFilter), "Tasks");
  assert.equal(listTitle({ ...emptyFilter, state: ["failed"], service: ["rds"] }), "Failed RDS tasks");
  assert.equal(listTitle({ ...emptyFilter, state: ["pending", "running"] }), "Pending and running tasks");
  assert.equal(listTitle({ ...emptyFilter, stale: true, name: ["DROP"] }), "Stale DROP tasks");
  assert.ok(listTitle({ ...emptyFilter, name: ["x".repeat(4096)] }).length < 60);
});

test("columns that were chosen are read back, and those that make a row a row are always there", () => {
  assert.equal(readColumns(null), undefined);
  assert.equal(readColumns(columnsText(undefined)), undefined);
  assert.deepEqual(readColumns("id,unknown,created"), ["status", "name", "created", "id"]);
  const chosen = usualColumns("wide", emptyFilter);
  assert.deepEqual(readColumns(columnsText(chosen)), chosen);
});

test("the usual columns are those that say something about what is listed", () => {
  const columnsFor = (filter: object) => usualColumns("narrow", { ...emptyFilter, ...filter });
  assert.ok(!columnsFor({}).includes("reason"));
  assert.ok(columnsFor({ state: ["failed"] }).includes("reason"));
  assert.ok(usualColumns("medium", emptyFilter).includes("reason"));
  assert.ok(!usualColumns("medium", emptyFilter).includes("database"));
  assert.ok(columnsFor({ kind: ["scheduled"] }).includes("planned"));
  assert.ok(usualColumns("wide", emptyFilter).includes("service"));
  assert.ok(!usualColumns("wide", { ...emptyFilter, service: ["rds"] }).includes("service"));
});

test("values to choose from come most frequent first, chosen ones even where no task has them", () => {
  const counted = [
    { value: "b", count: 2 },
    { value: "A", count: 2 },
    { value: "c", count: 9 },
  ];
  const shown = shownFacets({ counted, chosen: ["gone"], wanted: "" });
  assert.deepEqual(
    shown.facets.map(({ value }) => value),
    ["c", "A", "b", "gone"],
  );
  assert.deepEqual(shownFacets({ counted, chosen: [], wanted: "a" }).facets, [{ value: "A", count: 2 }]);
});

test("of very many values the first are shown, and how many others there are", () => {
  const counted = Array.from({ length: maxFacets + 7 }, (_, at) => ({ value: `n${at}`, count: 1 }));
  const { facets, hidden } = shownFacets({ counted, chosen: [], wanted: "" });
  assert.deepEqual([facets.length, hidden], [maxFacets, 7]);
});

test("texts are offered by how many of the shown tasks have them", () => {
  assert.deepEqual(frequentTexts(["b", "a", "c", "c", "a", "c"], 2), ["c", "a"]);
});

test("the command for an export is one that a shell reads as it was meant", () => {
  assert.equal(exportLine("p1", emptyFilter, open), `${begin} --output tasks.ndjson`);
  const filter = { ...emptyFilter, service: ["rds"], name: ["it's; rm -rf /"], stale: true } as const;
  assert.equal(
    exportLine("p1", filter, { fromMs: Date.parse("2026-03-01T00:00:00Z"), toMs: undefined }),
    `${begin} --service rds --name 'it'\\''s; rm -rf /' --stale --since 2026-03-01T00:00:00.000Z --output tasks.ndjson`,
  );
  assert.equal(
    exportLine("p1", { ...emptyFilter, name: ["a", "--resume"] }, open),
    `${begin} --name a --name --resume --output tasks.ndjson`,
  );
});

test("a command for an export that is pasted presses no keys, and means the same", () => {
  // The end of what is pasted, Ctrl-C, a line of its own: in a terminal that would be somebody else's command.
  const names = ["\u001b[201~\u0003\nreboot #", "it's \\n \u009b0m", "\t1"];
  const line = exportLine("p1", { ...emptyFilter, name: names }, open);
  assert.doesNotMatch(line, /\p{Cc}/u);
  const words = execFileSync("bash", ["-c", line.replace(begin, "printf '%s\\0'")], {
    encoding: "utf8",
  }).split("\0");
  assert.deepEqual(
    words.filter((_, index) => index < 6 && index % 2 === 1),
    names,
  );
});

test("a file is named after its project in characters that every file system takes", () => {
  assert.equal(fileName("eu-de", "csv"), "eu-de-tasks.csv");
  assert.equal(fileName("../a b/ü", "csv"), "a-b-tasks.csv");
  assert.equal(fileName("…", "ndjson"), "tasks.ndjson");
});
