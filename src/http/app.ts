import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from "fastify";
import type { Administration } from "../identity/administration.ts";
import type { Identity } from "../identity/identity.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import type { Service } from "../task/lifecycle.ts";
import { answerClientError } from "./client-errors.ts";
import { boundConnections } from "./connections.ts";
import { registerConsole } from "./console/routes.ts";
import { registerDocs } from "./docs.ts";
import { answerError } from "./errors.ts";
import { chosenDialect, faceOf, routedUrl } from "./faces.ts";
import { registerHealthRoutes } from "./health.ts";
import { registerIamRoutes } from "./iam/routes.ts";
import { checkEncoding } from "./media-types.ts";
import { refuseOtherMethods } from "./methods.ts";
import { type MetricsDeps, observeRequests, registerMetricsRoute } from "./metrics.ts";
import { registerOpenApi } from "./openapi.ts";
import { isWellEncoded, parseQuery } from "./query.ts";
import { registerServiceRoutes } from "./services.ts";
import { maxBodyBytes } from "./signed-body.ts";
import { registerTaskBatch } from "./task-batch.ts";
import { registerTaskListRoutes } from "./task-lists.ts";
import { registerTaskRoutes } from "./tasks.ts";

/** Everything the HTTP side needs; it reaches nothing else. */
export interface AppDeps {
  readonly tasks: TaskStore;
  readonly identity: Identity;
  readonly administration: Administration;
  /** Throws `store-unavailable` while the store does not answer. */
  readonly ping: () => Promise<void>;
  readonly clock: Clock;
  /** How long tasks are kept after they have ended: nothing older is created. */
  readonly retentionMs: number;
  /** A function, since a server on any free port knows its address only once it listens. */
  readonly publicUrl: () => string;
  readonly region: string;
  readonly utcOffsetMinutes: number;
  readonly version: string;
  /** Where the web console was built to. */
  readonly webDirectory: string;
  /** Where the documentation was built to. */
  readonly docsDirectory: string;
  /** The service that this listener belongs to alone; undefined for the listener of everything. */
  readonly listenerService: Service | undefined;
  readonly logger: NonNullable<FastifyServerOptions["logger"]>;
  /** Who is told of requests, and tells of them; undefined in an app that nobody watches. */
  readonly metrics?: MetricsDeps | undefined;
}

/** The HTTP side, wired and not listening. */
export type App = FastifyInstance;

/** The longest request target: 8 KiB. */
const maxUrlBytes = 8 * 1024;
/** The largest request head, target included: 32 KiB. */
const maxHeadBytes = 32 * 1024;

/** How long a request may take to arrive, body included: 30 seconds. */
const receiveTimeoutMs = 30_000;
/** How often that is looked at: a request that is too slow is cut off so much later at most. */
const slowRequestCheckMs = 5_000;

/** The whole HTTP side, not listening yet, so that tests can call it without a socket. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  // A service's own listener is for its clients.
  const withConsole = deps.listenerService === undefined;
  const app = Fastify({
    logger: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    genReqId: newRequestId,
    requestIdHeader: false,
    return503OnClosing: false,
    requestTimeout: receiveTimeoutMs,
    // A missing Host is refused below, in our own words. A head that may take longer than the request would make Node
    // take the two limits for one another.
    http: {
      maxHeaderSize: maxHeadBytes,
      headersTimeout: receiveTimeoutMs,
      requireHostHeader: false,
      connectionsCheckingInterval: slowRequestCheckMs,
    },
    routerOptions: { maxParamLength: maxUrlBytes, querystringParser: parseQuery },
    rewriteUrl: (request) => {
      const chosen = chosenDialect(request.headers.host, deps.listenerService);
      return routedUrl(request.url ?? "/", chosen, { withConsole });
    },
    frameworkErrors: (error, request, reply) => {
      addHeadersOfEveryAnswer(request, reply);
      answerError(error, request, reply, deps.publicUrl());
    },
    clientErrorHandler: (error, socket) =>
      answerClientError(error, socket as Socket, { requestId: newRequestId(), publicUrl: deps.publicUrl() }),
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false },
    },
  });

  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, deps.publicUrl()));
  app.setNotFoundHandler(() => {
    throw new TaskCenterError("route-not-found", "There is nothing at this address.");
  });
  acceptEmptyJson(app);

  boundConnections(app);
  app.addHook("onRequest", async (request, reply) => {
    addHeadersOfEveryAnswer(request, reply);
    // What follows an upgrade is for another protocol, which is not spoken here: Node would wait for it.
    if (request.headers.upgrade !== undefined) reply.header("connection", "close");
    checkForm(request);
  });

  if (deps.metrics !== undefined) observeRequests(app, deps.metrics);

  const collected = refuseOtherMethods(app);
  await registerOpenApi(app, deps);
  registerHealthRoutes(app, deps);
  if (deps.metrics !== undefined && deps.listenerService === undefined) {
    registerMetricsRoute(app, deps.metrics);
  }
  registerIamRoutes(app, deps);
  registerServiceRoutes(app, deps);
  registerTaskRoutes(app, deps);
  registerTaskListRoutes(app, deps);
  registerTaskBatch(app, deps);
  if (withConsole) {
    await registerConsole(app, deps);
    await registerDocs(app, deps);
  }
  app.register(collected);
  await app.ready();
  // An expectation that nobody knows is no reason to refuse a request that everybody understands.
  app.server.on("checkExpectation", (request, response) => app.routing(request, response));
  return app;
}

/** Size and form come before everything else, as a gateway checks them. */
function checkForm({ raw, headers, routeOptions }: FastifyRequest): void {
  const { url = "/", httpVersion } = raw;
  if (httpVersion === "1.1" && headers.host === undefined) {
    throw new TaskCenterError("malformed-request", "The request names no host.");
  }
  if (url.length > maxUrlBytes) throw new TaskCenterError("uri-too-long", "The request URI is too long.");
  // The router would end the path there, and a signature would cover another one.
  if (url.includes("#")) throw new TaskCenterError("malformed-request", "A request URI has no fragment.");
  if (!isWellEncoded(url))
    throw new TaskCenterError("malformed-request", "The request URI is not well encoded.");
  if (Number(headers["content-length"] ?? 0) > (routeOptions.bodyLimit ?? maxBodyBytes)) {
    throw new TaskCenterError("request-too-large", "The request body is too large.");
  }
}

/** What an answer says however it comes about, an address that cannot be read included. */
function addHeadersOfEveryAnswer(request: FastifyRequest, reply: FastifyReply): void {
  addRequestIds(request, reply);
  // What one token is told is not another one's, and a cache on the way does not know what a token is.
  if (request.url.startsWith("/v1/")) reply.header("cache-control", "private, no-cache");
}

/** Every answer can be found in the log by its id; IAM's carry it in Keystone's form as well. */
function addRequestIds(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id);
  if (faceOf(request.url).kind !== "iam") return;
  const uuid = request.id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  reply.header("x-openstack-request-id", `req-${uuid}`).header("vary", "X-Auth-Token");
}

/** Clients send `Content-Type: application/json` with an empty body on any method; that is normal. */
function acceptEmptyJson(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("text/plain");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser(
    ["application/json", "application/merge-patch+json"],
    { parseAs: "buffer" },
    (request, body, done) => {
      if (body.length === 0) return done(null, undefined);
      checkEncoding(request.headers);
      if (isUtf8(body as Buffer)) parseJson(request, body.toString(), done);
      else done(new TaskCenterError("malformed-request", "The body must be JSON in UTF-8."));
    },
  );
}

function newRequestId(): string {
  return randomUUID().replaceAll("-", "");
}
