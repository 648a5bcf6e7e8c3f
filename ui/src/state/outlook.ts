/** What several files come to together. Pure. */
import type { Forecast, Outlook, Purpose } from '../generated/api';

export interface Sum {
  /** Bytes. */
  low: number;
  high: number;
  /** `null` where some of them cannot be made by any computer that is there. */
  seconds: number | null;
  computers: number;
}

/** For each purpose, all files together; empty unless every file has its outlook. */
export function sums(outlooks: readonly (Outlook | null)[]): ReadonlyMap<Purpose, Sum> {
  const known = outlooks.filter((one) => one !== null);
  if (known.length === 0 || known.length < outlooks.length) return new Map();
  const purposes = known[0]?.purposes.map((one) => one.purpose) ?? [];
  return new Map(purposes.map((purpose) => [purpose, total(known.flatMap((one) => one.purposes.filter((other) => other.purpose === purpose)))]));
}

/** For the choice as it is. */
export function chosen(outlooks: readonly (Outlook | null)[]): Sum | null {
  const known = outlooks.filter((one) => one !== null);
  return known.length === 0 || known.length < outlooks.length ? null : total(known.map((one) => one.chosen));
}

/** Whether the result is likely to be larger than what there is. */
export function grows(sum: Sum, now: number): boolean {
  return now > 0 && (sum.low + sum.high) / 2 > now;
}

function total(all: readonly Forecast[]): Sum {
  const sum = (of: (one: Forecast) => number) => all.reduce((so_far, one) => so_far + of(one), 0);
  return {
    low: sum((one) => one.bytes_low),
    high: sum((one) => one.bytes_high),
    seconds: all.every((one) => one.seconds !== null) ? sum((one) => one.seconds ?? 0) : null,
    computers: Math.max(0, ...all.map((one) => one.computers)),
  };
}
