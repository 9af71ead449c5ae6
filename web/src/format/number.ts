const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** A count with its thousands apart: `1,204,511`. */
export function countText(count: number): string {
  return whole.format(count);
}

/** A share of a whole: `3.2 %`; `0 %` of nothing. */
export function shareText(part: number, of: number): string {
  return `${oneDigit.format(of === 0 ? 0 : (100 * part) / of)} %`;
}

/** `1 task`, `12 tasks`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
