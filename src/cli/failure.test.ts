import assert from "node:assert/strict";
import test from "node:test";
import { CommanderError } from "commander";
import { AccessError, ApiError, ConnectionError, WrongPasswordError } from "../client/index.ts";
import { ConfigError } from "../config.ts";
import { describeFailure } from "./failure.ts";
import { Interruption } from "./iam/password.ts";

function refusal(answer: Partial<ConstructorParameters<typeof ApiError>[0]>): ApiError {
  return new ApiError({
    status: 400,
    code: "",
    detail: "No.",
    errors: [],
    requestId: "",
    date: "",
    ...answer,
  });
}

test("wrong usage ends with 2, and is said by commander alone", () => {
  const error = new CommanderError(1, "commander.unknownOption", "error: unknown option '--x'");
  assert.deepEqual(describeFailure(error), { message: undefined, exitCode: 2 });
});

test("help and version end with 0", () => {
  const error = new CommanderError(0, "commander.helpDisplayed", "(outputHelp)");
  assert.deepEqual(describeFailure(error), { message: undefined, exitCode: 0 });
});

test("a setting that cannot be used ends with 2", () => {
  assert.deepEqual(describeFailure(new ConfigError("OS_CLOUD: no")), {
    message: "OS_CLOUD: no",
    exitCode: 2,
  });
});

test("a server that cannot be asked ends with 69", () => {
  assert.deepEqual(describeFailure(new ConnectionError("cannot reach http://a: ECONNREFUSED")), {
    message: "cannot reach http://a: ECONNREFUSED",
    exitCode: 69,
  });
});

test("what is not allowed ends with 77, and says whether the login or the role is at fault", () => {
  const login = () =>
    ({ kind: "password", text: 'as user "ann" at http://a/v3 (from OS_ variables)' }) as const;
  assert.deepEqual(describeFailure(refusal({ status: 401 }), login), {
    message: 'not logged in as user "ann" at http://a/v3 (from OS_ variables): No.',
    exitCode: 77,
  });
  assert.equal(describeFailure(refusal({ status: 401 }), () => undefined).message, "not logged in: No.");
  assert.deepEqual(describeFailure(new AccessError("no role in any project")), {
    message: "not allowed: no role in any project",
    exitCode: 77,
  });
  assert.deepEqual(describeFailure(new WrongPasswordError(refusal({ status: 401 }))), {
    message: "not allowed: the old password is not right",
    exitCode: 77,
  });
  assert.deepEqual(describeFailure(refusal({ status: 403 })), { message: "not allowed: No.", exitCode: 77 });
});

test("why a login was refused is said in words for people, whatever the server's are", () => {
  const because = (detail: string, kind: "password" | "token" | "access-key" | undefined) =>
    describeFailure(refusal({ status: 401, detail }), () => kind && { kind, text: "at a" }).message;
  const keystone = "The request you have made requires authentication.";
  const cases = [
    ["decrypt token fail", "token", /: the token is unknown or has ended$/],
    [keystone, "token", /: the token is unknown or has ended$/],
    [keystone, "password", /: the user, the password or the project is wrong, /],
    [keystone, "access-key", /: the access key is unknown, .* or the secret key is wrong$/],
    [keystone, undefined, /^not logged in: The request you have made requires authentication\.$/],
    ["The token must be updated.", "token", /: the token, .*, has ended$/],
    ["verify aksk signature fail", "access-key", /: the secret key is wrong, /],
    ["signature expired", "access-key", /: this machine's clock is too far from the server's$/],
    ["ak ABCD**** not exist", "access-key", /: there is no such access key, or its user is disabled$/],
  ] as const;
  for (const [detail, kind, words] of cases) assert.match(because(detail, kind) ?? "", words);
});

test("an address at which the server has nothing is told with the setting that leads there", () => {
  const login = () =>
    ({ kind: "token", text: "with the token at http://a/v1 (from TASKCENTER_ variables)" }) as const;
  const { message, exitCode } = describeFailure(refusal({ status: 404, code: "route-not-found" }), login);
  assert.match(message ?? "", /^the server has nothing .* at http:\/\/a\/v1 .*, or end in \/v1\/PROJECT_ID$/);
  assert.equal(exitCode, 1);
});

test("fields that the detail names already are not named twice", () => {
  const errors = [
    { field: "id", message: "is too long" },
    { field: "name", message: "is required" },
  ];
  assert.deepEqual(describeFailure(refusal({ detail: "id: is too long", errors })), {
    message: "id: is too long; name: is required",
    exitCode: 1,
  });
});

test("a failure of the server leads to its log, a refusal does not", () => {
  assert.equal(describeFailure(refusal({ status: 500, requestId: "abc" })).message, "No. (request abc)");
  assert.equal(describeFailure(refusal({ status: 404, requestId: "abc" })).message, "No.");
});

test("whoever types Ctrl-C at a question is told nothing", () => {
  assert.deepEqual(describeFailure(new Interruption()), { message: undefined, exitCode: 130 });
});

test("a reader that has seen enough is no failure", () => {
  const error = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
  assert.deepEqual(describeFailure(error), { message: undefined, exitCode: 0 });
});

test("everything else ends with 1, in one line that a terminal can take", () => {
  assert.deepEqual(describeFailure(new Error("first\nsecond \x1b[2J")), {
    message: "first second \\u001b[2J",
    exitCode: 1,
  });
  assert.deepEqual(describeFailure("thrown text"), { message: "thrown text", exitCode: 1 });
});
