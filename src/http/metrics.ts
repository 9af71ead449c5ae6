import { hash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { metricsForms } from "../metrics/families.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { OwnFigures } from "../metrics/own-figures.ts";
import { TaskCenterError } from "../task/error.ts";
import { faceOf, isConsolePath, isThroughConsole, pathOf } from "./faces.ts";
import { preferredType } from "./media-types.ts";

/** What the metrics need, and who may see them. */
export interface MetricsDeps {
  readonly own: Pick<OwnFigures, "observeRequest">;
  readonly metrics: Pick<Metrics, "scrape">;
  /** What a scrape must show; undefined where anybody may scrape. */
  readonly token: string | undefined;
}

/** Asked for by machines alone, all the time: among the calls of our own API they would hide everybody else's. */
const healthPaths: ReadonlySet<string> = new Set(["/livez", "/readyz", "/version", "/metrics"]);
const knownMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** By their first digit. */
const statusClasses = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

/** Observes every request that is answered, on whichever listener. */
export function observeRequests(app: FastifyInstance, { own }: Pick<MetricsDeps, "own">): void {
  app.addHook("onResponse", (request, reply, done) => {
    const { method } = request;
    own.observeRequest(
      {
        face: isStream(reply) ? "stream" : faceLabel(request),
        method: knownMethods.has(method) ? method : "other",
        status: statusClasses[Math.trunc(reply.statusCode / 100)] ?? "other",
      },
      reply.elapsedTime / 1000,
    );
    done();
  });
}

/** Exports and batches last as long as who reads or sends them likes, and tell nothing of how quick the server is. */
function isStream(reply: FastifyReply): boolean {
  const type = reply.getHeader("content-type");
  return typeof type === "string" && /^(?:application\/x-ndjson|text\/csv)(?:;|$)/.test(type);
}

/** By the first segment of their path, which decides it: nearly all requests are found here, at once. */
const facesBySegment: ReadonlyMap<string, string> = new Map(
  ["v1", "ddm", "rds", "geminidb"].map(faceOfSegment),
);

function faceOfSegment(segment: string): [segment: string, label: string] {
  return [segment, labelOf(`/${segment}/`)];
}

/** Which API was asked; `none` where an address belongs to none. */
function faceLabel(request: FastifyRequest): string {
  const { url } = request;
  if (request.originalUrl !== url && isThroughConsole(request)) return "console";
  const end = url.indexOf("/", 1);
  return (end === -1 ? undefined : facesBySegment.get(url.slice(1, end))) ?? labelOf(url);
}

function labelOf(url: string): string {
  const face = faceOf(url);
  switch (face.kind) {
    case "service":
      return face.dialect.service;
    case "iam":
      return "iam";
    case "gateway":
      return "none";
    case "own": {
      const path = pathOf(url);
      if (healthPaths.has(path)) return "health";
      if (path === "/docs" || path.startsWith("/docs/")) return "docs";
      return isConsolePath(path) ? "console" : "own";
    }
  }
}

/** `GET /metrics`, in the form of Prometheus or of OpenMetrics. */
export function registerMetricsRoute(app: FastifyInstance, { metrics, token }: MetricsDeps): void {
  const isShown = token === undefined ? () => true : bearerCheck(token);
  app.get("/metrics", { schema: { hide: true } }, async (request, reply) => {
    if (!isShown(request.headers.authorization)) {
      reply.header("www-authenticate", 'Bearer realm="metrics"');
      throw new TaskCenterError(
        "unauthenticated",
        "The metrics ask for Authorization: Bearer and their token.",
      );
    }
    const { contentType, text } = await metrics.scrape(preferredType(request.headers.accept, metricsForms));
    return reply
      .header("content-type", contentType)
      .header("cache-control", "no-store")
      .header("vary", "Accept")
      .send(text);
  });
}

/** Compares in constant time, whatever was sent: of both sides their hashes. */
function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const digest = (text: string) => hash("sha256", text, "buffer");
  const expected = digest(token);
  return (authorization) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}
