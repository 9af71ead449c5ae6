import type { FastifyInstance } from "fastify";
import type { Administration } from "../../identity/administration.ts";
import type { Identity } from "../../identity/identity.ts";
import { requireCaller } from "../access.ts";
import { registerAccessKeyRoutes, registerTemporaryKeyRoute } from "./access-keys.ts";
import { registerDiscoveryRoutes } from "./discovery.ts";
import { registerDomainRoutes } from "./domains.ts";
import { registerProjectRoutes } from "./projects.ts";
import { registerRoleRoutes } from "./roles.ts";
import { registerLoginRoute, registerTokenRoutes } from "./tokens.ts";
import { registerUserRoutes } from "./users.ts";

/** What IAM needs. */
export interface IamDeps {
  readonly identity: Identity;
  readonly administration: Administration;
  readonly publicUrl: () => string;
  readonly region: string;
}

/** An exact Keystone v3: log in, find services and projects, look after users, projects, roles and access keys. */
export function registerIamRoutes(app: FastifyInstance, deps: IamDeps): void {
  // Our own API alone is in the OpenAPI document; this one is Keystone's.
  app.register(async (iam) => {
    iam.addHook("onRoute", (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    registerDiscoveryRoutes(iam, deps);
    registerLoginRoute(iam, deps);
    registerTemporaryKeyRoute(iam, deps);
    iam.register(async (known) => {
      const { preParsing, preHandler } = requireCaller(deps.identity);
      known.addHook("preParsing", preParsing);
      known.addHook("preHandler", preHandler);
      registerTokenRoutes(known, deps);
      registerDomainRoutes(known, deps);
      registerProjectRoutes(known, deps);
      registerUserRoutes(known, deps);
      registerRoleRoutes(known, deps);
      registerAccessKeyRoutes(known, deps);
    });
  });
}
