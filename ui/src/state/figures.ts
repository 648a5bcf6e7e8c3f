/** Figures as they are drawn and said. Pure. */
import type { Computer, ComputerId, Day, DayShare, Figures, Job, Totals } from '../generated/api';
import type { Scene } from './scene';
import { csv } from './timeline';
import type { Point, Tick } from './graph';

export const RANGES = [30, 90, 365, 3660] as const;

/** A day as a date of its own: noon, so that no time zone moves it. */
export function dateOf(day: number): Date {
  return new Date((day + 0.5) * 86_400_000);
}

/** Bytes that were saved; below zero where films grew. */
export function saved({ source_bytes, output_bytes }: Totals): number {
  return source_bytes - output_bytes;
}

/** The first day that is shown: that of the range, or the first on which something was done where that is later. */
export function firstDay({ today, days }: Figures, range: number): number {
  const first = today - range + 1;
  const known = days[0]?.day ?? today - 6;
  // A week at the least, so that one day does not fill the graph.
  return Math.min(today - 6, Math.max(first, known));
}

/** How many days a bar stands for. */
export const STEPS = { day: 1, week: 7, weeks: 28 } as const;
export type Step = keyof typeof STEPS;

/** More bars than these are too narrow to be told apart. */
const MOST_BARS = 120;

/** The days that are shown, and how they are taken together. */
export interface Span {
  /** The first day and the last, today. */
  first: number;
  last: number;
  step: Step;
  /** The ends of the axis: the bars end with today, so that the first may reach to before the first day. */
  from: number;
  to: number;
}

export function spanOf(told: Figures, range: number): Span {
  const [first, last] = [firstDay(told, range), told.today];
  const days = last - first + 1;
  const step = (Object.keys(STEPS) as Step[]).find((one) => days <= MOST_BARS * STEPS[one]) ?? 'weeks';
  const whole = Math.ceil(days / STEPS[step]) * STEPS[step];
  return { first, last, step, from: last + 0.5 - whole, to: last + 0.5 };
}

/** Values of days, added up to one for each bar, which stands in the middle of its days. */
export function together(points: readonly Point[], { step, last }: Pick<Span, 'step' | 'last'>): Point[] {
  const days = STEPS[step];
  const sums = new Map<number, number>();
  for (const { x, y } of points) {
    const back = Math.floor((last - x) / days);
    sums.set(back, (sums.get(back) ?? 0) + y);
  }
  return [...sums].sort(([a], [b]) => b - a).map(([back, y]) => ({ x: last - back * days - (days - 1) / 2, y }));
}

/** The first and the last day of the bar that stands there. */
export function daysAt(x: number, { step, first }: Pick<Span, 'step' | 'first'>): [number, number] {
  const half = (STEPS[step] - 1) / 2;
  return [Math.max(first, x - half), x + half];
}

/** A value of each day. */
export function daily(days: readonly Day[], value: (totals: Totals) => number): Point[] {
  return days.map(({ day, totals }) => ({ x: day, y: value(totals) }));
}

/** The same, added up from the first day shown to today. */
export function summed(told: Figures, range: number, value: (totals: Totals) => number): Point[] {
  let y = 0;
  const points: Point[] = [{ x: firstDay(told, range) - 0.5, y: 0 }];
  for (const { day, totals } of told.days) points.push({ x: day, y: (y += value(totals)) });
  if (points.at(-1)?.x !== told.today) points.push({ x: told.today, y });
  return points;
}

/** No more computers than this have bars of their own. */
const OWN_BARS = 5;

/**
 * Hours that each computer gave on each day: the others to this one, and this one to them. The most first; those that have
 * no room are one together, without a name. `here` may have no figures of its own, where it encoded nothing for itself.
 */
export function gifts({ computers, shares }: Figures, here: Pick<Computer, 'id' | 'name'>): { computer: ComputerId | null; name: string; points: Point[] }[] {
  const given = (one: DayShare) => [
    { giver: one.computer, day: one.day, seconds: one.computer === here.id ? 0 : one.work_s },
    { giver: here.id, day: one.day, seconds: one.given_s },
  ];
  const days = new Map<ComputerId, Map<number, number>>();
  for (const { giver, day, seconds } of shares.flatMap(given)) {
    if (seconds <= 0) continue;
    const own = days.get(giver) ?? new Map<number, number>();
    days.set(giver, own.set(day, (own.get(day) ?? 0) + seconds));
  }
  const sum = (own: Map<number, number>) => [...own.values()].reduce((all, one) => all + one, 0);
  const sorted = [...days].sort((a, b) => sum(b[1]) - sum(a[1]));
  const points = (own: Map<number, number>) => [...own].sort((a, b) => a[0] - b[0]).map(([x, s]) => ({ x, y: s / 3600 }));
  const called = (id: ComputerId) => (id === here.id ? here.name : computers.find((one) => one.computer === id)?.name) || id.slice(0, 4);
  const named = sorted.slice(0, OWN_BARS).map(([computer, own]) => ({ computer, name: called(computer), points: points(own) }));
  const rest = new Map<number, number>();
  for (const [, own] of sorted.slice(OWN_BARS)) for (const [day, s] of own) rest.set(day, (rest.get(day) ?? 0) + s);
  return rest.size === 0 ? named : [...named, { computer: null, name: '', points: points(rest) }];
}

/** Dates below the axis, as many as there is room for. */
export function dateTicks(from: number, to: number, locale: string): Tick[] {
  const count = Math.min(6, to - from + 1);
  const step = Math.max(1, Math.ceil((to - from) / count));
  const form = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC', ...(to - from > 400 ? { year: '2-digit' } : {}) });
  const ticks: Tick[] = [];
  for (let day = to; day >= from; day -= step) ticks.push({ x: day, text: form.format(dateOf(day)) });
  return ticks;
}

/** What a computer has in hand of this one's videos: which, and which parts. */
export function inHand({ jobs }: Scene, computer: string): { job: Job; parts: number[]; progress: number }[] {
  return jobs.flatMap((job) => {
    const mine = job.segments.filter((one) => one.computer === computer && one.state === 'encoding');
    const progress = mine.reduce((sum, one) => sum + one.progress, 0) / Math.max(1, mine.length);
    return mine.length > 0 ? [{ job, parts: mine.map((one) => one.index + 1), progress }] : [];
  });
}

/** A row for each day, as `manyhands stats --csv` prints it. */
export function figuresCsv({ days }: Figures): string {
  const head = ['day', 'films', 'frames', 'source_bytes', 'output_bytes', 'saved_bytes', 'wall_s', 'work_s', 'given_s'];
  const rows = days.map(({ day, totals: one }) => [dateOf(day).toISOString().slice(0, 10), String(one.films), String(one.frames), String(one.source_bytes), String(one.output_bytes), String(saved(one)), one.wall_s.toFixed(1), one.work_s.toFixed(1), one.given_s.toFixed(1)]);
  return csv([head, ...rows]);
}
