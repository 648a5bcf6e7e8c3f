/** Where the segments of a job lie in its strip. Pure. */
import type { ComputerId, Job, SegmentState } from '../generated/api';

export interface Piece {
  index: number;
  /** Percent of the strip. */
  x: number;
  width: number;
  state: SegmentState;
  computer: ComputerId | null;
  /** Share encoded, 0 to 1. */
  progress: number;
}

/** The strip's pieces, from left to right. What the index has not reached yet has none. */
export function pieces({ segments, duration_s, state }: Job): Piece[] {
  const start = segments[0]?.start_s ?? 0;
  // Once all parts are known they are the film: its stated length may be that of its sound.
  const whole = state.is === 'combining' || state.is === 'completed';
  const stated = whole ? 0 : (duration_s ?? 0);
  const end = Math.max(start + stated, ...segments.map((one) => one.end_s));
  const length = end - start;
  if (!(length > 0)) return [];
  return segments.map((one) => ({
    index: one.index,
    x: (100 * (one.start_s - start)) / length,
    width: (100 * Math.max(0, one.end_s - one.start_s)) / length,
    state: one.state,
    computer: one.computer,
    progress: one.state === 'done' || one.state === 'checking' ? 1 : clamp(one.progress),
  }));
}

/** The strip in a sentence, for those who do not see it. */
export function inWords(job: Job): string {
  const count = (state: SegmentState) => job.segments.filter((one) => one.state === state).length;
  const done = count('done');
  const working = count('encoding') + count('checking') + count('sent');
  const hands = job.hands.filter((hand) => hand.segments + hand.working > 0);
  const shares = hands.map((hand) => `${hand.name} ${hand.segments}`);
  const by = shares.length > 0 ? ` Done by: ${shares.join(', ')}.` : '';
  return `${done} of ${job.segments.length} parts done, ${working} under way.${by}`;
}

export function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
