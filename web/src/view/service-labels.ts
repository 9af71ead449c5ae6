import type { Service } from "../../../src/task/lifecycle.ts";

/** What people call the services. */
export const serviceLabels: Readonly<Record<Service, string>> = {
  ddm: "DDM",
  rds: "RDS",
  geminidb: "GeminiDB",
};
