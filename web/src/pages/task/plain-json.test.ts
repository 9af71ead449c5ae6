import assert from "node:assert/strict";
import { test } from "node:test";
import { plainJson } from "./plain-json.ts";

test("JSON with characters that turn text around or hide is the same JSON with their escapes", () => {
  const document = { name: "a\u202Egnp.exe", "key\u2066": "\u200B\uFEFF\u0085x" };
  const plain = plainJson(JSON.stringify(document));
  assert.equal(plain, '{"name":"a\\u202egnp.exe","key\\u2066":"\\u200b\\ufeff\\u0085x"}');
  assert.deepEqual(JSON.parse(plain), document);
});

test("JSON of any other text stays as it is", () => {
  const json = JSON.stringify({ name: "größer שלום 名前 🙂", more: "\\u202e\n" });
  assert.equal(plainJson(json), json);
});
