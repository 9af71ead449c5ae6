import assert from "node:assert/strict";
import test from "node:test";
import { openBrowser } from "./browser.ts";
import { openConsole, reportTasks } from "./console-page.ts";
import { projectId, startServer } from "./start-server.ts";

test("of a task with thousands of changes the first and the latest are shown, and where the others are", async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  const taskPath = `/v1/${projectId}/tasks`;
  await reportTasks(server, [{ id: "pattern" }]);
  const pattern = await server.call(`${taskPath}/pattern`);
  const revisions = 4000;
  const task = { ...pattern.json, id: "long", revision: revisions };
  const history = Array.from({ length: revisions }, (_, index) => ({
    revision: index + 1,
    at: task.created_at,
    reported_at: task.created_at,
    by: "backup",
    message: `step ${index + 1}`,
    changes: index === 0 ? { status: { from: null, to: task.status } } : {},
  }));
  const imported = await server.call(`${taskPath}:batch`, {
    body: `${JSON.stringify({ import: { task, history } })}\n`,
    headers: { "content-type": "application/x-ndjson" },
  });
  assert.equal(JSON.parse(imported.text).status, 201, imported.text);

  const { page } = await openConsole(await openBrowser(t), {
    consoleUrl: `${server.url}/console/`,
    path: `${projectId}/tasks/long`,
  });
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByText("the first and the latest 3,000 changes").waitFor();
  await timeline.getByText("step 4000", { exact: true }).waitFor();
  const more = timeline.getByRole("button", { name: /^Show \d+ of [\d,]+ earlier$/ });
  while (await more.isVisible()) await more.click();
  const shown = await timeline
    .getByRole("listitem")
    .evaluateAll((items) =>
      items.map((item) => item.querySelector(".history-message")?.textContent ?? item.textContent),
    );
  assert.equal(shown.length, 3001);
  assert.deepEqual(
    [2499, 2501].map((index) => shown[index]),
    ["step 1501", "step 500"],
  );
  assert.match(shown[2500] ?? "", /not shown here; taskcenter export --query long has them all/);
});
