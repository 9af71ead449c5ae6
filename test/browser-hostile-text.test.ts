import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { desktop, openBrowser, phone } from "./browser.ts";
import { addProject, assertNoSidewaysScroll, grant, openConsole, reportTasks } from "./console-page.ts";
import { hostileTask, hostileText } from "./hostile-task.ts";
import { addUser, type TestUser } from "./identities.ts";
import { startServer, type TestServer } from "./start-server.ts";

/**
 * Whatever a producer, or whoever names users and projects, writes: the console shows it as the text that it is. Nothing
 * of it runs, becomes an element, or breaks the page. The pages are watched: what the policy has to forbid fails a test.
 */
const id = "Z".repeat(64);
const parentId = "Y".repeat(64);
const userName = `<img src=x onerror=window.__pwned=1>"'`;
const projectName = `<script>window.__pwned=1</script>'"`;
const reason = hostileText(4096, "reason");
const message = hostileText(4096, "message");
const task = hostileTask({ id, parentId });
let server: TestServer;
let consoleUrl: string;
let project: string;
let user: TestUser;

before(async () => {
  server = await startServer();
  consoleUrl = `${server.url}/console/`;
  project = await addProject(server, { name: projectName, description: hostileText(255, "purpose") });
  user = await addUser(server, userName, {});
  for (const role of ["reporter", "operator"] as const) {
    await grant(server, { userId: user.id, role, projectId: project });
  }
  const token = await user.logIn({ project: { id: project } });
  await reportTasks(server, [hostileTask({ id: parentId }), task], { projectId: project, token });
  const report = async (body: object) => {
    const answer = await server.call(`/v1/${project}/tasks/${id}`, { method: "PATCH", body, token });
    assert.equal(answer.status, 200, answer.text);
  };
  await report({ progress: 10, message });
  await report({ progress: 20, instance: { status: hostileText(64, "other mood") } });
  await report({ status: "Failed", fail_reason: reason, message });
});
after(() => server.close());

/**
 * Finds texts that turn the line around and are not kept to themselves: what is beside one in the same line would be read
 * in another order than it is written in.
 */
const unisolated = `(() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (!/[\u202a-\u202e\u2066-\u2069]/.test(data)) continue;
    let around = parentElement;
    const isInLine = () => {
      const { display, unicodeBidi } = getComputedStyle(around);
      return ["inline", "contents"].includes(display) && unicodeBidi === "normal";
    };
    while (isInLine()) around = around.parentElement;
    if (around.textContent !== data) found.push(around.outerHTML.slice(0, 300));
  }
  return found;
})()`;

/** Holds a page to have taken nothing for more than text, and to be as wide as its window. */
async function assertUnharmed(page: Page, what: string): Promise<void> {
  assert.equal(await page.evaluate("window.__pwned"), undefined, what);
  const planted = page.locator(
    `script:not([src]), iframe, style, :is(#app, head) base ~ base, [onerror], [onload], [onclick], [href^="javascript:" i], [src^="javascript:" i], img:not([src$=".svg"])`,
  );
  assert.equal(await planted.count(), 0, what);
  assert.deepEqual(await page.evaluate(unisolated), [], what);
  await assertNoSidewaysScroll(page, what);
}

/** The text of a page's title as browsers show it: white space is one space. */
const asTitle = (text: string) => text.replace(/[\t\n\f\r ]+/g, " ").trim();

for (const [device, size] of Object.entries({ desktop, phone })) {
  test(`a hostile task is text on the overview, the list and its own page, on a ${device}`, async (t) => {
    const { page } = await openConsole(await openBrowser(t), {
      consoleUrl,
      login: user,
      path: project,
      ...size,
    });
    const failure = page.getByRole("link").filter({ hasText: reason.slice(0, 60) });
    await failure.waitFor();
    const inFailure = await failure.textContent();
    assert.ok(inFailure?.includes(task.name) && inFailure.includes(task.instance.name), inFailure ?? "");
    for (const name of ["Failures by name", "Failures by instance"]) {
      await page.getByRole("region", { name }).getByRole("link").first().waitFor();
    }
    await assertUnharmed(page, "the overview");

    await page.getByRole("link", { name: "Tasks", exact: true }).click();
    const link = page.getByRole("link").filter({ hasText: task.name }).first();
    await link.waitFor();
    assert.equal(await link.textContent(), task.name);
    await assertUnharmed(page, "the list");

    await page.goto(`${consoleUrl}${project}/tasks/${id}`);
    const title = page.getByRole("heading", { level: 1 });
    await title.waitFor();
    assert.equal(await title.textContent(), task.name);
    assert.equal(
      await page.title(),
      asTitle(`${task.name} of ${task.instance.name} · ${projectName} · Task Center`),
    );
    const why = page.getByRole("region", { name: "Fail reason" });
    await why.getByRole("button", { name: "Show all of it" }).click();
    assert.ok((await why.textContent())?.includes(reason));
    const facts = await page.getByRole("region", { name: "Facts" }).textContent();
    for (const text of [
      task.instance.id,
      task.instance.name,
      hostileText(64, "other mood"),
      task.database_name,
      task.order_id,
      userName,
      ...Object.values<string>(task.labels),
    ]) {
      assert.ok(facts?.includes(text), text.slice(0, 20));
    }
    const timeline = page.getByRole("region", { name: "Timeline" });
    await timeline.getByText("Created").waitFor();
    const history = await timeline.textContent();
    // A long value is shown in part.
    const parts = [message, reason.slice(0, 60), hostileText(64, "other mood")];
    for (const text of parts) assert.ok(history?.includes(text), text.slice(0, 20));
    const details = page.getByRole("region", { name: "Details" });
    await details.getByText("Details").click();
    const shownDetails = (await details.locator("pre").textContent()) ?? "";
    assert.deepEqual(JSON.parse(shownDetails), task.details);
    assert.doesNotMatch(shownDetails, /[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
    const origin = page.getByRole("link", { name: task.name }).first();
    assert.equal(await origin.getAttribute("href"), `/console/${project}/tasks/${parentId}`);
    await assertUnharmed(page, "the task's page");

    // In what each API answers, and in the line that asks for it, are ids of ours alone.
    const views = page.getByRole("region", { name: "As the APIs show it" });
    for (const tab of await views.getByRole("tab").all()) {
      await tab.click();
      const [line, answer] = [views.locator("pre").nth(0), views.locator("pre").nth(1)];
      await answer.waitFor();
      assert.match(
        (await line.textContent()) ?? "",
        /^curl -s -H "X-Auth-Token: \$TOKEN" 'http:\/\/127\.0\.0\.1:\d+\/[A-Za-z0-9/?=&_-]+'$/,
      );
      const answered = JSON.stringify(JSON.parse((await answer.textContent()) ?? ""));
      assert.ok(
        answered.includes(JSON.stringify(task.name)) && answered.includes(id),
        answered.slice(0, 200),
      );
    }
    await assertUnharmed(page, "the APIs' views");
    await page.getByRole("button", { name: "Delete record" }).click();
    await page.getByRole("dialog", { name: "Delete this record?" }).getByText(task.name).waitFor();
    await assertUnharmed(page, "the question before a deletion");
  });
}

test("hostile conditions in an address are text in the chips, the title and what is offered, and go back into the address", async (t) => {
  const conditions = new URLSearchParams({
    name: task.name,
    instance_id: task.instance.id,
    q: `<img src=x onerror="window.__pwned=1">`,
    label: `team=<script>window.__pwned=1</script>`,
  });
  const path = `${project}/tasks?${conditions}`;
  const { page } = await openConsole(await openBrowser(t), { consoleUrl, login: user, path, ...desktop });
  const chips = page.getByRole("list", { name: "Conditions" });
  await chips.waitFor();
  const shown = (await chips.textContent()) ?? "";
  for (const key of ["name", "instance_id", "label"]) {
    assert.ok(shown.includes(conditions.get(key) ?? ""), key);
  }
  const search = page.getByRole("searchbox", { name: "Search" });
  assert.equal(await search.inputValue(), conditions.get("q"));
  await page.getByRole("heading", { name: "No task matches" }).waitFor();
  await assertUnharmed(page, "the list with conditions");

  for (const panel of ["Name", "Instance", "More"]) {
    await page.getByRole("button", { name: new RegExp(`^${panel}\\b`) }).click();
    await page.getByRole("dialog").getByRole("list").last().waitFor();
    await assertUnharmed(page, `the panel ${panel}`);
    await page.keyboard.press("Escape");
  }
  await chips.getByRole("button", { name: /^Remove the condition Label/ }).click();
  await search.fill("");
  await page.waitForURL((url) => !url.searchParams.has("q"));
  await page.getByRole("link").filter({ hasText: task.name }).first().waitFor();
  const address = new URL(page.url()).searchParams;
  assert.deepEqual([...address], [...conditions].slice(0, 2));
});

test("the names of a user and of projects are text in the menus", async (t) => {
  const { page } = await openConsole(await openBrowser(t), {
    consoleUrl,
    login: user,
    path: project,
    ...phone,
  });
  await page.getByRole("button", { name: projectName }).click();
  const projects = page.getByRole("dialog", { name: "Project" });
  await projects.getByRole("link").first().waitFor();
  assert.ok((await projects.textContent())?.includes(projectName + hostileText(255, "purpose")));
  await assertUnharmed(page, "the menu of projects");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: `Signed in as ${userName}` }).click();
  await page.getByRole("dialog").getByText(userName).waitFor();
  await assertUnharmed(page, "the menu of the user");
});

test("an address that means nothing shows what it is, as text, and harms nothing", async (t) => {
  const opened = await openConsole(await openBrowser(t), { consoleUrl, login: user, path: project });
  const { page, expectTrouble } = opened;
  const attempt = `<img src=x onerror=window.__pwned=1>`;
  expectTrouble(/\/api\/v1\/\S+ answered 404$/);
  for (const [path, title] of [
    [`${project}/tasks/${encodeURIComponent(attempt)}`, "There is no such task here"],
    [`${project}/tasks/${encodeURIComponent("../../session")}`, "There is no such task here"],
    [encodeURIComponent(attempt), "You have no access to this project"],
    [`${project}/${encodeURIComponent(attempt)}`, "There is nothing at this address"],
  ] as const) {
    await page.goto(consoleUrl + path);
    await page.getByRole("heading", { name: title }).waitFor();
    await assertUnharmed(page, path);
  }
});
