import fc from "fast-check";
import { services, taskKinds, taskStatuses } from "../src/task/lifecycle.ts";
import type { JsonObject, Task } from "../src/task/task.ts";

/** Any text that a program can hold: quotes, control characters, halves of characters. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom('"', "\\", "\u0000", "\n", "\u001f", "\u007f", "\u2028", "\ud800", "\udfff", "é", "任"),
    )
    .map((characters) => characters.join("")),
);
const anyNumber = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 5e-324, 1e21, -1e-7, 0.1 + 0.2, Number.MAX_SAFE_INTEGER),
);
const anyTimeMs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 9, 59, 59, 999) });
const anyTimeOrNone = fc.option(anyTimeMs);
const anyDetails = fc.dictionary(anyText, fc.jsonValue({ stringUnit: "binary" })) as fc.Arbitrary<JsonObject>;

/**
 * Any task at all, also such as no producer could report: whoever writes a task down relies on nothing that is checked
 * elsewhere.
 */
export const anyTask: fc.Arbitrary<Task> = fc.record({
  projectId: anyText,
  id: anyText,
  service: fc.constantFrom(...services),
  kind: fc.constantFrom(...taskKinds),
  name: fc.oneof(anyText, fc.constant("migrateLogicDb")),
  status: fc.constantFrom(...taskStatuses),
  progressPercent: fc.option(anyNumber),
  instance: fc.record({ id: anyText, name: anyText, status: anyText }),
  databaseName: anyText,
  orderId: anyText,
  failReason: anyText,
  createdAtMs: anyTimeMs,
  startedAtMs: anyTimeOrNone,
  updatedAtMs: anyTimeMs,
  endedAtMs: anyTimeOrNone,
  plannedStartAtMs: anyTimeOrNone,
  plannedEndAtMs: anyTimeOrNone,
  priority: fc.option(anyNumber),
  parentId: fc.option(anyText),
  attempt: anyNumber,
  leaseSeconds: fc.option(fc.integer({ min: 5, max: 86_400 })),
  onStale: fc.constantFrom("mark", "fail"),
  heardAtMs: anyTimeMs,
  lostStatus: fc.option(fc.constantFrom(...taskStatuses)),
  details: anyDetails,
  labels: fc.dictionary(anyText, anyText),
  createdBy: anyText,
  revision: anyNumber,
});
