import { systemClock } from "../src/task/clock.ts";
import { atMost, describeLoads, type Finding, percent } from "./finding.ts";
import { ask, type Load, type Target } from "./load.ts";
import { ddmListNow, read } from "./reads.ts";
import { type KeyPair, type SignatureForm, signGet } from "./signing.ts";
import type { Size } from "./sizes.ts";
import { median } from "./statistics.ts";
import { type Proof, proofs } from "./verifications.ts";

/** Which share of a list call's CPU time its authentication should cost at most. */
const shareAim = 0.15;

/** One round of list calls with one proof. */
interface Sample {
  readonly proof: Proof;
  readonly load: Load;
  /** Which share of the CPU time its verification takes, as measured alone. */
  readonly verification: number;
  /** Which share of the CPU time a list with a token and without its verification does not need. */
  readonly everything: number;
}

/**
 * Measures which share of the CPU time of a list call is its authentication, for each proof, in turns: the verification,
 * which was measured alone, and everything that the proof brings along, its longer head and the colder caches included.
 * The aim is for the first; the second tells what a caller's choice of the proof costs.
 */
export async function measureAuthentication(
  server: Target,
  options: {
    readonly key: KeyPair;
    readonly micros: Readonly<Record<Proof, number>>;
    readonly size: Size;
  },
): Promise<readonly Finding[]> {
  const { key, micros, size } = options;
  const nowMs = systemClock();
  const target = ddmListNow(nowMs);
  const { host } = new URL(server.url);
  const signed = (form: SignatureForm): Target => ({
    ...server,
    headers: signGet({ form, key, host, target, nowMs }),
  });
  const bearers: Readonly<Record<Proof, Target>> = {
    token: server,
    "signature, Access form": signed("Access"),
    "signature, Credential form": signed("Credential"),
  };
  const { total } = (await ask(server, target)).body;
  if (total !== size.smallProject) throw new Error(`the total is ${total}, not ${size.smallProject}`);

  async function measureRound(seconds: number): Promise<readonly Sample[]> {
    const samples: Sample[] = [];
    let besidesMicros = 0;
    for (const proof of proofs) {
      const load = await read(bearers[proof], [target], seconds);
      if (proof === "token") besidesMicros = load.cpuMicros - micros.token;
      const verification = micros[proof] / load.cpuMicros;
      samples.push({ proof, load, verification, everything: 1 - besidesMicros / load.cpuMicros });
    }
    return samples;
  }

  await measureRound(size.warmUpSeconds);
  const samples: Sample[] = [];
  for (let round = 0; round < size.readRounds; round += 1) {
    samples.push(...(await measureRound(size.readSeconds)));
  }
  return proofs.map((proof) => {
    const ofProof = samples.filter((sample) => sample.proof === proof);
    const verification = median(ofProof.map((sample) => sample.verification));
    const everything = median(ofProof.map((sample) => sample.everything));
    return {
      what: `share of a DDM task list, ${proof}`,
      ...describeLoads(ofProof.map(({ load }) => load)),
      figure:
        proof === "token" ? percent(verification) : `${percent(verification)}; all ${percent(everything)}`,
      aim: atMost(shareAim, verification, percent),
    };
  });
}
