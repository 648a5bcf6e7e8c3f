/** Where the segments of a job lie in its strip. Pure. */
import type { ComputerId, Job, Segment, SegmentState } from '../generated/api';
import { percent } from '../format/numbers';
import { t } from '../words/words.svelte';

/** A segment as it is drawn. */
export interface Cell {
  /** Its place in the job's list of segments. */
  place: number;
  /** Pixels from the left and the top of the lane, and its size. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The lane of segments below the pictures. */
export interface Lane {
  cells: Cell[];
  height: number;
  /** Cells one below the other in each column; 1 where every segment has a column of its own. */
  rows: number;
}

/** The narrowest column, pixels. What is narrower cannot be told apart or pointed at. */
const NARROWEST = 5;
const ONE_ROW = 26;
const SMALLEST_ROW = 4;
const MOST_HEIGHT = 84;

/** The film's length as far as it is known, and where its first segment begins, seconds. */
export function extent({ segments, duration_s, state }: Job): { start: number; length: number } {
  const start = segments[0]?.start_s ?? 0;
  // Once all parts are known they are the film: its stated length may be that of its sound.
  const whole = state.is === 'combining' || state.is === 'completed';
  let end = start + (whole ? 0 : (duration_s ?? 0));
  for (const one of segments) end = Math.max(end, one.end_s);
  return { start, length: end - start };
}

/**
 * The segments from left to right as long as there is room; beyond that in columns from top to bottom, so that each
 * of thousands keeps a place of its own and time still runs to the right.
 */
export function lay(job: Job, width: number): Lane {
  const { segments } = job;
  const { start, length } = extent(job);
  if (!(length > 0) || !(width > 0) || segments.length === 0) return { cells: [], height: ONE_ROW, rows: 1 };
  const known = Math.max(...segments.map((one) => one.end_s)) - start;
  const room = Math.max(1, Math.floor((width * (known / length)) / NARROWEST));
  const rows = rowsFor(segments.length, Math.ceil(segments.length / room));
  const tall = rows === 1 ? ONE_ROW : Math.min(MOST_HEIGHT / rows, Math.max(SMALLEST_ROW, 40 / rows));
  const at = (seconds: number) => (width * (seconds - start)) / length;
  const cells = segments.map((_, place): Cell => {
    const first = place - (place % rows);
    const last = Math.min(first + rows, segments.length) - 1;
    const x = at((segments[first] as Segment).start_s);
    return { place, x, y: (place - first) * tall, width: Math.max(0, at((segments[last] as Segment).end_s) - x), height: tall };
  });
  return { cells, height: rows * tall, rows };
}

/** As many rows as needed, or a few more where that leaves a last column that is not nearly empty. */
function rowsFor(count: number, least: number): number {
  if (least <= 1) return 1;
  const full = (rows: number) => (count % rows || rows) / rows;
  return [0, 1, 2, 3, 4].map((more) => least + more).reduce((best, rows) => (full(rows) > full(best) + 0.1 ? rows : best));
}

/** Which cell is at this point of the lane; -1 where there is none. Above or below the lane: the column's nearest. */
export function cellAt({ cells, rows }: Lane, x: number, y: number): number {
  let [low, high] = [0, Math.ceil(cells.length / rows) - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const first = cells[middle * rows];
    if (!first) return -1;
    if (x < first.x) high = middle - 1;
    else if (x >= first.x + first.width) low = middle + 1;
    else {
      const row = Math.max(0, Math.floor(y / first.height));
      return Math.min(middle * rows + row, Math.min((middle + 1) * rows, cells.length) - 1);
    }
  }
  return -1;
}

/** Share of a segment that is encoded, 0 to 1. */
export function share({ state, progress }: Pick<Segment, 'state' | 'progress'>): number {
  return state === 'done' || state === 'checking' ? 1 : state === 'encoding' ? clamp(progress) : 0;
}

/** A segment in words. */
export function partWords(segment: Segment, names: ReadonlyMap<ComputerId, string>): string {
  const words = t().strip;
  const name = (segment.computer !== null && names.get(segment.computer)) || words.someone;
  switch (segment.state) {
    case 'encoding':
      return words.encoding(name, percent(segment.progress));
    case 'waiting':
    case 'failed':
      return words[segment.state];
    default:
      return words[segment.state](name);
  }
}

/** The strip in a sentence, for those who do not see it. */
export function inWords(job: Job): string {
  const words = t().strip;
  const counts = new Map<SegmentState, number>();
  for (const { state } of job.segments) counts.set(state, (counts.get(state) ?? 0) + 1);
  const count = (state: SegmentState) => counts.get(state) ?? 0;
  const hands = job.hands.filter((hand) => hand.segments + hand.working > 0);
  const shares = hands.map((hand) => `${hand.name} ${hand.segments}`);
  const by = shares.length > 0 ? ` ${words.by(shares.join(', '))}` : '';
  return words.summary(count('done'), job.segments.length, count('encoding') + count('checking') + count('sent')) + by;
}

export function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
