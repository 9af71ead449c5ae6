import { hash } from "node:crypto";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/**
 * Chance that is the same whenever its key is. Everything is made of whole numbers: logarithms and their like may differ
 * in the last digit from one machine to the next, and the same seed must give the same tasks everywhere.
 */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(key: string) {
    this.#generator = xoroshiro128plus(Number.parseInt(hash("sha256", key).slice(0, 8), 16) | 0);
  }

  /** A whole number from one to another, both of them possible. */
  int(from: number, to: number): number {
    return uniformInt(this.#generator, from, to);
  }

  /** Whether something happens that happens once in so many times. */
  oneIn(times: number): boolean {
    return this.int(1, times) === 1;
  }

  /** Whether something happens that happens in so many of a hundred cases. */
  percent(cases: number): boolean {
    return this.int(1, 100) <= cases;
  }

  /** One of a list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.int(0, list.length - 1)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }

  /** One of a list, the likelier the greater its weight. */
  pickByWeight<T extends { readonly weight: number }>(list: readonly T[]): T {
    let left = this.int(
      1,
      list.reduce((total, { weight }) => total + weight, 0),
    );
    for (const item of list) {
      left -= item.weight;
      if (left <= 0) return item;
    }
    throw new RangeError("nothing to pick from");
  }

  /** Text of so many hexadecimal digits. */
  hex(digits: number): string {
    let text = "";
    while (text.length < digits) text += this.int(0, 15).toString(16);
    return text;
  }
}

/** 32 hexadecimal digits, as RDS writes the ids of tasks. */
export function plainId(key: string): string {
  return hash("sha256", key).slice(0, 32);
}

/** The form of a UUID of version 4, as DDM and GeminiDB write the ids of tasks. */
export function uuidLikeId(key: string): string {
  const digits = hash("sha256", key);
  const variant = "89ab"[Number.parseInt(digits.charAt(16), 16) % 4];
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}
