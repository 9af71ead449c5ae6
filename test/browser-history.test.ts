import assert from "node:assert/strict";
import test from "node:test";
import { openBrowser } from "./browser.ts";
import { openConsole, pollUntil, reportTasks } from "./console-page.ts";
import { eventually } from "./shown-tasks.ts";
import { projectId, startServer } from "./start-server.ts";

test("of a task with thousands of changes the first and the latest are shown, and where the others are", async (t) => {
  const browser = await openBrowser(t);
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

  const { page } = await openConsole(browser, {
    consoleUrl: `${server.url}/console/`,
    path: `${projectId}/tasks/long`,
  });
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByText("the first and the latest 3,000 changes").waitFor();
  await timeline.getByText("step 4000", { exact: true }).waitFor();
  const more = timeline.getByRole("button", { name: /^Show \d+ of [\d,]+ earlier$/ });
  const items = timeline.getByRole("listitem");
  while ((await more.count()) > 0) {
    const before = await items.count();
    await more.click();
    await eventually(async () => assert.ok((await items.count()) > before));
  }
  const shown = await items.evaluateAll((all) =>
    all.map((item) => item.querySelector(".history-message")?.textContent ?? item.textContent),
  );
  assert.equal(shown.length, 3001);
  assert.deepEqual(
    [2499, 2501].map((index) => shown[index]),
    ["step 1501", "step 500"],
  );
  const command = `OS_PROJECT_ID=${projectId} taskcenter export --query long --output tasks.ndjson`;
  assert.ok(shown[2500]?.includes(`not shown here; ${command} writes them all`), shown[2500] ?? "");
});

test("what of a task could not be read is asked for again by itself, and what was read before stays", async (t) => {
  const browser = await openBrowser(t);
  const server = await startServer();
  t.after(() => server.close());
  const [id] = await reportTasks(server, [{ name: "CreateInstance" }]);
  const { page, context, expectTrouble } = await openConsole(browser, {
    consoleUrl: `${server.url}/console/`,
  });
  const refuse = async (pattern: RegExp, what: () => Promise<void>) => {
    await context.route(pattern, (route) => route.fulfill({ status: 503, body: "busy" }));
    await what();
    await context.unroute(pattern);
  };
  expectTrouble(/\/history\?\S+ answered 503$/);
  expectTrouble(/\/jobs\?id=\S+ answered 503$/);
  const timeline = page.getByRole("region", { name: "Timeline" });
  const answer = page.getByRole("region", { name: "As the APIs show it" });
  const failure = { name: "The server cannot answer at the moment" };

  await refuse(/\/(?:history|jobs)\?/, async () => {
    await page.goto(`${server.url}/console/${projectId}/tasks/${id}`);
    await timeline.getByRole("heading", failure).waitFor();
    await answer.getByRole("heading", failure).waitFor();
  });
  await pollUntil(page, timeline.getByText("Created as"));
  await pollUntil(page, answer.getByText('"CreateInstance"'));

  const report = { method: "PATCH", body: { progress: 42, message: "copying" } };
  await refuse(/\/history\?/, async () => {
    assert.equal((await server.call(`/v1/${projectId}/tasks/${id}`, report)).status, 200);
    await pollUntil(page, timeline.getByText("The latest changes could not be read."));
    assert.ok(await timeline.getByText("Created as").isVisible());
  });
  await pollUntil(page, timeline.getByText("copying"));
  assert.equal(await timeline.getByText("The latest changes could not be read.").count(), 0);
});

/** How many points of the chart have exactly the colour of running tasks. */
const runningPointsOfChart = `(() => {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = "var(--running)";
  const paper = new OffscreenCanvas(1, 1).getContext("2d");
  paper.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  paper.fillRect(0, 0, 1, 1);
  const pointsOf = (context) => {
    const { width, height } = context.canvas;
    return new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  };
  const [running] = pointsOf(paper);
  const chart = document.querySelector(".progress-chart canvas").getContext("2d");
  return pointsOf(chart).filter((point) => point === running).length;
})()`;

test("the course of a task that has ended has the colour of its end, its dots too", async (t) => {
  const browser = await openBrowser(t);
  const server = await startServer();
  t.after(() => server.close());
  const [id] = await reportTasks(server, [{ progress: 0 }]);
  const report = async (body: object) => {
    const answer = await server.call(`/v1/${projectId}/tasks/${id}`, { method: "PATCH", body });
    assert.equal(answer.status, 200, answer.text);
  };
  for (const progress of [20, 40, 60]) await report({ progress });
  const { page } = await openConsole(browser, {
    consoleUrl: `${server.url}/console/`,
    path: `${projectId}/tasks/${id}`,
  });
  const runningPoints = async () => Number(await page.evaluate(runningPointsOfChart));
  await eventually(async () => assert.ok((await runningPoints()) > 0));
  await report({ status: "Failed", fail_reason: "disk full" });
  await pollUntil(page, page.getByText("disk full").first());
  await eventually(async () => assert.equal(await runningPoints(), 0));
});
