import assert from "node:assert/strict";
import { test } from "node:test";
import { rememberAnswers } from "./remembered-answers.ts";

test("an answer stands until the next change, and is then found anew", () => {
  let changes = 0;
  let found = 0;
  const remember = rememberAnswers<number>({ changeNumber: () => changes });
  const ask = () =>
    remember("how many", () => {
      found += 1;
      return found;
    });
  assert.deepEqual([ask(), ask()], [1, 1]);
  changes += 1;
  assert.deepEqual([ask(), ask()], [2, 2]);
});

test("an answer that there is nothing is not remembered, so that strangers' questions take no room", () => {
  const remember = rememberAnswers<string | undefined>({ changeNumber: () => 0 });
  assert.equal(
    remember("token", () => undefined),
    undefined,
  );
  assert.equal(
    remember("token", () => "admin"),
    "admin",
  );
});

test("no more answers are kept than there is room for", () => {
  let found = 0;
  const remember = rememberAnswers<number>({ changeNumber: () => 0 });
  const ask = (question: number) =>
    remember(String(question), () => {
      found += 1;
      return question;
    });
  for (let question = 0; question <= 1000; question += 1) ask(question);
  ask(0);
  assert.equal(found, 1002);
});
