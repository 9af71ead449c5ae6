import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../src/task/clock.ts";
import { type Finding, perSecond } from "./finding.ts";
import type { OpenIdentity } from "./identity.ts";
import { projectId } from "./processes.ts";
import { ddmListNow, readers } from "./reads.ts";
import { type SignatureForm, signGet } from "./signing.ts";
import type { Size } from "./sizes.ts";
import { median } from "./statistics.ts";

/** How somebody shows who they are. */
export const proofs = ["token", "signature, Access form", "signature, Credential form"] as const;
export type Proof = (typeof proofs)[number];

/** What was found, and the CPU time of one verification of each proof. */
export interface Verifications {
  readonly findings: readonly Finding[];
  readonly micros: Readonly<Record<Proof, number>>;
}

/**
 * Measures in this process, on one thread, how fast the built-in identity verifies each proof: in an unchanged store,
 * which remembers the look-ups, and after a change, when it remembers nothing.
 */
export async function measureVerifications(local: OpenIdentity, size: Size): Promise<Verifications> {
  const { identity, store, token, principal } = local;
  const checks: Readonly<Record<Proof, () => Promise<unknown>>> = {
    token: () => identity.authenticate(token),
    "signature, Access form": signatureCheck(local, "Access"),
    "signature, Credential form": signatureCheck(local, "Credential"),
  };
  let changes = 0;
  const change = () => store.updateUser(principal.user.id, { description: `change ${changes++}` });

  const findings: Finding[] = [];
  const micros = { token: 0, "signature, Access form": 0, "signature, Credential form": 0 };
  for (const proof of proofs) {
    const verify = checks[proof];
    const unchanged = await measureRounds(size, { verify, inOneTurn: readers, before: async () => {} });
    const changed = await measureRounds(size, { verify, inOneTurn: 1, before: change });
    micros[proof] = unchanged.cpuMicros;
    findings.push(
      { what: `verify ${proof}`, figure: perSecond(unchanged.rate), cpuMicros: unchanged.cpuMicros },
      { what: `verify ${proof}, after a write`, figure: perSecond(changed.rate) },
    );
  }
  return { findings, micros };
}

/** A check of a list call that was signed once: nothing of an earlier check of the same signature is remembered. */
function signatureCheck({ identity, key }: OpenIdentity, form: SignatureForm): () => Promise<unknown> {
  const nowMs = systemClock();
  const target = ddmListNow(nowMs);
  const request = {
    method: "GET",
    target,
    headers: signGet({ form, key, host: "127.0.0.1:8080", target, nowMs }),
    hashBody: async () => hash("sha256", ""),
  };
  return () => identity.authenticateSignature(request, { kind: "project", projectId });
}

/** How a proof is verified: so many times in one turn of the event loop, as many as a busy server has requests in it. */
interface Procedure {
  readonly verify: () => Promise<unknown>;
  readonly inOneTurn: number;
  /** Done before each turn, and not measured. */
  readonly before: () => Promise<unknown>;
}

interface Speed {
  readonly rate: number;
  /** The CPU time of one verification, where there is nothing before the turns. */
  readonly cpuMicros: number;
}

async function measureRounds(size: Size, procedure: Procedure): Promise<Speed> {
  await measureRound(size.verifySeconds, procedure);
  const rounds: Speed[] = [];
  for (let round = 0; round < size.readRounds; round += 1) {
    rounds.push(await measureRound(size.verifySeconds, procedure));
  }
  return {
    rate: median(rounds.map(({ rate }) => rate)),
    cpuMicros: median(rounds.map(({ cpuMicros }) => cpuMicros)),
  };
}

/** The end of the turn is measured too: it ends the transaction in which the look-ups have read. */
async function measureRound(seconds: number, { verify, inOneTurn, before }: Procedure): Promise<Speed> {
  const endMs = performance.now() + seconds * 1000;
  // With the threads that collect its garbage, and over the whole round: many systems count in steps of milliseconds.
  const startedCpu = process.cpuUsage();
  let count = 0;
  let tookMs = 0;
  while (count === 0 || performance.now() < endMs) {
    await before();
    const startedMs = performance.now();
    for (let n = 0; n < inOneTurn; n += 1) await verify();
    await nextTurn();
    tookMs += performance.now() - startedMs;
    count += inOneTurn;
  }
  const { user, system } = process.cpuUsage(startedCpu);
  return { rate: count / (tookMs / 1000), cpuMicros: (user + system) / count };
}
