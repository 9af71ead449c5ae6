import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { TaskCenterError } from "../../task/error.ts";
import { isSigned, parseAuthorization } from "./authorization.ts";

const signature = "0123456789abcdef".repeat(4);
const accessForm = `SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=host;x-sdk-date, Signature=${signature}`;
const credentialForm = `SDK-HMAC-SHA256 Credential=AccessKey/20200608/eu-de/rds/sdk_request, SignedHeaders=host;x-sdk-date, Signature=${signature}`;

function assertRefused(header: string): void {
  assert.throws(() => parseAuthorization(header), refusal, JSON.stringify(header.slice(0, 200)));
}

function refusal(error: unknown): boolean {
  return (
    error instanceof TaskCenterError &&
    error.code === "unauthenticated" &&
    error.message === "verify aksk signature fail"
  );
}

test("only a header that names the scheme is a signature, in whatever case, well-formed or not", () => {
  for (const header of [accessForm, "sdk-hmac-sha256 Access=A", "SDK-HMAC-SHA256", "SDK-HMAC-SHA256\tx"]) {
    assert.equal(isSigned(header), true, header);
  }
  const others = [
    undefined,
    "",
    "Bearer x",
    "Basic eDp5",
    "SDK-HMAC-SHA256X a",
    "SDK-HMAC-SHA",
    " SDK-HMAC-SHA256 a",
  ];
  for (const header of others) assert.equal(isSigned(header), false, String(header));
});

test("the access form is read whole", () => {
  assert.deepEqual(parseAuthorization(accessForm), {
    access: "AccessKey",
    signedHeaders: ["host", "x-sdk-date"],
    signature,
    scope: undefined,
  });
});

test("the credential form is read whole, and its scope as it is signed", () => {
  const text = "20200608/eu-de/rds/sdk_request";
  assert.deepEqual(parseAuthorization(credentialForm), {
    access: "AccessKey",
    signedHeaders: ["host", "x-sdk-date"],
    signature,
    scope: { date: "20200608", region: "eu-de", service: "rds", text },
  });
});

test("region and service may be empty", () => {
  const { scope } = parseAuthorization(credentialForm.replace("eu-de/rds", "/"));
  assert.deepEqual(scope, { date: "20200608", region: "", service: "", text: "20200608///sdk_request" });
});

test("the parts may stand in any order, with any blanks around them or none", () => {
  for (const form of [accessForm, credentialForm]) {
    const claim = parseAuthorization(form);
    const [owner = "", headers = "", proof = ""] = form.slice("SDK-HMAC-SHA256 ".length).split(", ");
    const orders = [
      [owner, headers, proof],
      [owner, proof, headers],
      [headers, owner, proof],
      [headers, proof, owner],
      [proof, owner, headers],
      [proof, headers, owner],
    ];
    for (const order of orders) {
      for (const comma of [",", ", ", " ,\t", ",    "]) {
        assert.deepEqual(parseAuthorization(`SDK-HMAC-SHA256 \t${order.join(comma)} `), claim);
      }
    }
  }
});

test("names of headers become lower-case and keep their order", () => {
  const { signedHeaders } = parseAuthorization(accessForm.replace("host;x-sdk-date", "X-Sdk-Date;Host;a"));
  assert.deepEqual(signedHeaders, ["x-sdk-date", "host", "a"]);
});

test("a part that is missing, given twice or foreign is refused", () => {
  const parts = accessForm.slice("SDK-HMAC-SHA256 ".length).split(", ");
  for (const part of parts) {
    assertRefused(`SDK-HMAC-SHA256 ${parts.filter((other) => other !== part).join(", ")}`);
    assertRefused(`${accessForm}, ${part}`);
    for (const twice of parts.filter((other) => other !== part))
      assertRefused(accessForm.replace(part, twice));
  }
  assertRefused(`${accessForm}, Credential=AccessKey/20200608///sdk_request`);
  assertRefused(`${accessForm}, Version=1`);
  assertRefused(accessForm.replace("Access=", "access="));
  assertRefused(accessForm.replace("SignedHeaders", "Version"));
});

test("a value that is malformed is refused", () => {
  const signed = "host;x-sdk-date";
  const credential = "AccessKey/20200608/eu-de/rds/sdk_request";
  const malformed: readonly (readonly [form: string, value: string, replacements: readonly string[]])[] = [
    [accessForm, "AccessKey", ["", "Access Key", "Access/Key", "Kéy", "A\u0000", "A".repeat(129)]],
    [accessForm, signed, ["", ";", "host;", ";host", "host;;a", "host;host", "host;HOST", "ho st", "hóst"]],
    [
      accessForm,
      signature,
      ["", signature.slice(1), `${signature}0`, signature.toUpperCase(), `g${signature.slice(1)}`],
    ],
    [
      credentialForm,
      credential,
      [
        "",
        "AccessKey",
        "AccessKey/20200608/eu-de/rds",
        "AccessKey/20200608/eu-de/rds/",
        "AccessKey/20200608/eu-de/rds/sdk_requests",
        "AccessKey/20200608/eu-de/rds/aws4_request",
        "AccessKey/20200608/eu-de/rds/sdk_request/",
        "AccessKey/20200608/eu-de/sdk_request",
        "AccessKey/2020068/eu-de/rds/sdk_request",
        "AccessKey/2020-6-8/eu-de/rds/sdk_request",
        "/20200608/eu-de/rds/sdk_request",
        `AccessKey/20200608/${"r".repeat(65)}/rds/sdk_request`,
        "AccessKey/20200608/eu de/rds/sdk_request",
      ],
    ],
  ];
  for (const [form, value, replacements] of malformed) {
    for (const replacement of replacements) assertRefused(form.replace(value, replacement));
  }
});

test("any header is read or refused, and nothing else happens", () => {
  const piece = fc.oneof(
    fc.constantFrom("SDK-HMAC-SHA256", "Access=", "Credential=", "SignedHeaders=", "Signature=", signature),
    fc.constantFrom("a", "a;b", "a/20200608///sdk_request", ",", " ", "=", "/", ";", "\t", "\n", "__proto__"),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const header = fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(
      fc.oneof(
        header,
        header.map((rest) => `SDK-HMAC-SHA256 ${rest}`),
      ),
      (text) => {
        try {
          const claim = parseAuthorization(text);
          assert.match(claim.signature, /^[0-9a-f]{64}$/);
          assert.notEqual(claim.access, "");
          assert.ok(claim.signedHeaders.every((name) => name !== ""));
        } catch (error) {
          if (!refusal(error)) throw error;
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a header of half a million characters is refused at once, whatever it repeats", () => {
  const startedMs = performance.now();
  for (const piece of [
    " ",
    "\t",
    ",",
    ", ",
    ";",
    "=",
    "/",
    "a",
    "A=a ",
    "a;",
    "Access=A,",
    "Access=A ,",
    "é",
  ]) {
    const long = piece.repeat(500_000 / piece.length);
    for (const place of ["SDK-HMAC-SHA256 ", "Access=", "SignedHeaders=host", "Credential=AccessKey/2020"]) {
      const form = place.startsWith("Credential") ? credentialForm : accessForm;
      assertRefused(`${form.replace(place, place + long)}x`);
    }
  }
  // Work that grew with the square of the length would take minutes.
  assert.ok(performance.now() - startedMs < 5000);
});
