import type { JsonObject } from "../../src/task/task.ts";

/** DDM's task list in OpenAPI, with one page as the example of its answer: all that a mock server needs to know. */
export function listDocument(page: JsonObject): JsonObject {
  return {
    openapi: "3.1.0",
    info: { title: "DDM task list", version: "1.0.0" },
    paths: {
      "/v3/{project_id}/jobs": {
        get: {
          parameters: [
            parameter("path", "project_id", { type: "string" }, true),
            parameter("header", "X-Auth-Token", { type: "string" }, true),
            parameter("query", "start_time", { type: "integer" }, true),
            parameter("query", "end_time", { type: "integer" }, true),
            parameter("query", "offset", { type: "integer", minimum: 0 }, false),
            parameter("query", "limit", { type: "integer", minimum: 1, maximum: 128 }, false),
          ],
          responses: {
            200: {
              description: "A page of tasks.",
              // One mock server takes the example of the answer, the other that of the schema.
              content: { "application/json": { schema: { type: "object", example: page }, example: page } },
            },
          },
        },
      },
    },
  };
}

function parameter(place: string, name: string, schema: JsonObject, required: boolean): JsonObject {
  return { in: place, name, schema, required };
}
