import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";

/** `/openapi.json`: our own API, generated from the schemas that validate it. */
export async function registerOpenApi(
  app: FastifyInstance,
  deps: { readonly version: string; readonly publicUrl: () => string },
): Promise<void> {
  await app.register(swagger, {
    transform: ({ schema, url }) => ({ schema: withPatternKeys(schema), url }),
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Task Center",
        version: deps.version,
        description:
          "Report long-running operations on database instances, and read them back over all services.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      tags: [{ name: "tasks", description: "Long-running operations on database instances" }],
      components: {
        securitySchemes: {
          token: {
            type: "apiKey",
            in: "header",
            name: "X-Auth-Token",
            description: "A token of POST /v3/auth/tokens, scoped to the project in the path",
          },
          signature: {
            type: "apiKey",
            in: "header",
            name: "Authorization",
            description: "SDK-HMAC-SHA256, with X-Sdk-Date: the request signed with an access key",
          },
        },
      },
      security: [{ token: [] }, { signature: [] }],
    },
  });
  app.get("/openapi.json", { schema: { hide: true } }, async () => ({
    ...app.swagger(),
    servers: [{ url: deps.publicUrl() }],
  }));
}

/** A query some of whose keys follow a pattern; what they hold is a list, as of every key that may be repeated. */
interface PatternedQuery {
  readonly properties: object;
  readonly patternProperties?: Readonly<
    Record<string, { readonly items: object; readonly description: string }>
  >;
}

/**
 * Keys that follow a pattern, as OpenAPI can tell them: one parameter that is an object, each of whose members is sent
 * as a key of its own. That is how objects are sent unless something else is said.
 */
function withPatternKeys(schema: FastifySchema): FastifySchema {
  const { patternProperties = {}, ...named } = (schema?.querystring ?? {}) as PatternedQuery;
  const [patterned] = Object.entries(patternProperties);
  if (patterned === undefined) return schema;
  const [pattern, { items, description }] = patterned;
  const labels = { type: "object", propertyNames: { pattern }, additionalProperties: items, description };
  return { ...schema, querystring: { ...named, properties: { ...named.properties, labels } } };
}
