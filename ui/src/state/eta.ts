/** A time to go that people can believe: it falls by itself, and says why where it jumps. Pure. */
import type { Hand, Job } from '../generated/api';
import { t } from '../words/words.svelte';

export interface Eta {
  /** When the job will be done, on the clock of the calls, milliseconds; `null` while that is not known. */
  end: number | null;
  /** Why the last jump happened, in words; empty where there was none lately. */
  why: string;
  /** When that was. */
  since: number;
  hands: readonly Hand[];
  attempts: number;
}

export const UNKNOWN: Eta = { end: null, why: '', since: 0, hands: [], attempts: 0 };

/** How long a jump is explained, ms. */
const EXPLAINED = 20_000;
/** A change of less than this share of what is left is taken in silently. */
const SILENT = 0.2;
/** How much of a small change is believed at once. */
const BELIEF = 0.2;

/** What to show after the node said `job.eta_s` at the moment `now`. */
export function reckon(last: Eta, job: Job, now: number): Eta {
  const attempts = job.segments.reduce((sum, one) => sum + Math.max(0, one.attempts - 1), 0);
  const seen = { hands: job.hands, attempts };
  if (job.eta_s === null || job.state.is === 'paused') return { ...UNKNOWN, ...seen };
  const said = now + job.eta_s * 1000;
  const why = now - last.since < EXPLAINED ? last.why : '';
  if (last.end === null) return { end: said, why: '', since: 0, ...seen };
  const left = Math.max(30_000, last.end - now);
  const off = (said - last.end) / left;
  if (Math.abs(off) < SILENT) return { end: last.end + (said - last.end) * BELIEF, why, since: last.since, ...seen };
  // What goes on at another computer that owns the job is not told here.
  return { end: said, why: job.away === null ? reason(last, job, attempts, off > 0) : '', since: now, ...seen };
}

/** Seconds to go; `null` while that is not known. */
export function left({ end }: Eta, now: number): number | null {
  return end === null ? null : Math.max(0, (end - now) / 1000);
}

function reason(last: Eta, job: Job, attempts: number, longer: boolean): string {
  const words = t().job;
  const before = new Map(last.hands.map((hand) => [hand.computer, hand]));
  const busy = (hand: Hand | undefined) => hand !== undefined && hand.working > 0 && hand.paused === null;
  if (!longer) {
    const joined = job.hands.find((hand) => busy(hand) && !busy(before.get(hand.computer)));
    return words.nowShorter(joined ? words.whyJoined(joined.name) : words.whyFaster);
  }
  const gone = job.hands.find((hand) => !busy(hand) && busy(before.get(hand.computer)));
  if (gone) return words.nowLonger(gone.paused ? words.whyPaused(gone.name, gone.paused) : words.whyLeft(gone.name));
  return words.nowLonger(attempts > last.attempts ? words.whyAgain : words.whySlower);
}
