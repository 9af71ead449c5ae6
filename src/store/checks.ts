/** What one check has found wrong, in words; nothing where all is well. */
export interface CheckResult<Check extends string = string> {
  readonly check: Check;
  readonly findings: readonly string[];
}

/** What is told while a store is checked. A percentage is undefined where nobody knows it. */
export type CheckEvent<Check extends string = string> =
  | { readonly kind: "progress"; readonly check: Check; readonly percent: number | undefined }
  | { readonly kind: "result"; readonly result: CheckResult<Check> };

/** How many findings of one check are named at most. */
export const maxFindings = 20;
