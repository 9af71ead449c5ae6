import assert from "node:assert/strict";
import test from "node:test";
import { project } from "../../../test/open-identity.ts";
import { catalogOf } from "./catalog.ts";

const site = { publicUrl: "http://127.0.0.1:8080", region: "eu-de" };

test("a project's catalog leads to every service under all its types, with the project in the address", () => {
  const urls = catalogOf({ project }, site).map(({ type, name, endpoints }) => [
    type,
    name,
    ...endpoints.map(({ url }) => url),
  ]);
  assert.deepEqual(urls, [
    ["identity", "keystone", "http://127.0.0.1:8080/v3"],
    ["taskcenter", "taskcenter", `http://127.0.0.1:8080/v1/${project.id}`],
    ["ddmv1", "ddm", `http://127.0.0.1:8080/ddm/v3/${project.id}`],
    ["ddmv2", "ddm", `http://127.0.0.1:8080/ddm/v3/${project.id}`],
    ["ddmv3", "ddm", `http://127.0.0.1:8080/ddm/v3/${project.id}`],
    ["rdsv3", "rds", `http://127.0.0.1:8080/rds/v3/${project.id}`],
    ["geminidb", "geminidb", `http://127.0.0.1:8080/geminidb/v3/${project.id}`],
    ["nosql", "geminidb", `http://127.0.0.1:8080/geminidb/v3/${project.id}`],
  ]);
});

test("a domain's catalog knows only where to log in", () => {
  assert.deepEqual(
    catalogOf({ project: undefined }, site).map(({ type }) => type),
    ["identity"],
  );
});

test("every endpoint is public and in the region, and every id is 32 hex digits of its own", () => {
  const entries = catalogOf({ project }, site);
  const endpoints = entries.flatMap((entry) => entry.endpoints);
  for (const endpoint of endpoints) {
    assert.deepEqual([endpoint.interface, endpoint.region, endpoint.region_id], ["public", "eu-de", "eu-de"]);
  }
  const ids = [...entries, ...endpoints].map(({ id }) => id);
  assert.equal(new Set(ids).size, 16);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});

test("ids stay the same from token to token, and do not depend on the project", () => {
  const idsIn = (projectId: string): readonly string[] =>
    catalogOf({ project: { ...project, id: projectId } }, site).flatMap(({ id, endpoints }) => [
      id,
      ...endpoints.map((endpoint) => endpoint.id),
    ]);
  assert.deepEqual(idsIn("p1"), idsIn("p2"));
});
