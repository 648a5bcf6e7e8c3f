/** A measurement as it is drawn: speed-up and efficiency with the ideal and Amdahl's curve. Pure. */
import { decimal } from '../format/numbers';
import type { BenchRow, BenchRun } from '../generated/api';
import { t } from '../words/words.svelte';
import { csv } from './timeline';
import type { Point, Series, Tick } from './graph';

/** Points of a curve. */
const POINTS = 48;

/** Amdahl's law: the speed-up of `workers` if the share `serial` of the work cannot be divided. */
export function amdahl(serial: number, workers: number): number {
  return 1 / (serial + (1 - serial) / workers);
}

export interface Plots {
  speedUp: Series[];
  efficiency: Series[];
  from: number;
  to: number;
  ticks: Tick[];
}

/** What there is to draw of some rows; `beside` are those of an earlier measurement. */
export function plots(rows: readonly BenchRow[], serial: number | null, beside: readonly BenchRow[] = []): Plots {
  const words = t().bench;
  const all = [...rows, ...beside];
  const most = Math.max(2, ...all.map((row) => row.workers));
  const fewest = rows[0]?.workers ?? 1;
  const xs = Array.from({ length: POINTS + 1 }, (_, n) => fewest + ((most - fewest) * n) / POINTS);
  const curve = (value: (workers: number) => number): Point[] => xs.map((x) => ({ x, y: value(x) }));
  const points = (from: readonly BenchRow[], value: (row: BenchRow) => number): Point[] => from.map((row) => ({ x: row.workers, y: value(row) })).sort((a, b) => a.x - b.x);
  const both = (value: (row: BenchRow) => number, ideal: (n: number) => number, law: (n: number, serial: number) => number): Series[] => [
    { name: words.measured, look: 'dots', paint: 'var(--focus)', points: points(rows, value) },
    ...(beside.length > 0 ? [{ name: words.earlier, look: 'dots', paint: 'var(--edge)', points: points(beside, value) } satisfies Series] : []),
    { name: words.ideal, look: 'dashes', paint: 'var(--quiet)', points: curve(ideal) },
    ...(serial === null ? [] : [{ name: words.amdahl(decimal(100 * serial, 1)), look: 'dashes', paint: 'var(--bad)', points: curve((n) => law(n, serial)) } satisfies Series]),
  ];
  const counts = [...new Set(all.map((row) => row.workers))].sort((a, b) => a - b);
  return {
    speedUp: both((row) => row.speed_up, (n) => n / fewest, (n, s) => amdahl(s, n / fewest)),
    efficiency: both((row) => row.efficiency, () => 1, (n, s) => amdahl(s, n / fewest) / (n / fewest)),
    from: 0,
    to: most,
    ticks: apart(counts, most / 14).map((n) => ({ x: n, text: decimal(n) })),
  };
}

/** Of numbers that rise, those that are at least so far from the last one kept. */
function apart(numbers: readonly number[], gap: number): number[] {
  return numbers.reduce<number[]>((kept, n) => (n - (kept.at(-1) ?? -Infinity) >= gap ? [...kept, n] : kept), []);
}

/** What the rows say together, in sentences. */
export function verdicts({ rows, summary }: Pick<BenchRun, 'rows' | 'summary'>): string[] {
  const words = t().bench;
  const { serial_fraction, limit, twice } = summary;
  if (serial_fraction === null || twice === null) return [words.oneRow];
  const said = [words.serial(t().number.percent(decimal(100 * serial_fraction, 1))), words.twice(decimal(twice.workers), decimal(twice.speed_up, 1))];
  if (limit !== null) said.push(words.limit(decimal(limit, 1)));
  const last = rows.at(-1);
  const first = rows.find((row) => row.karp_flatt !== null);
  // A serial share that grows with the workers is not in the film, but in what they share.
  if (last?.karp_flatt && first?.karp_flatt && last.karp_flatt > first.karp_flatt * 1.5 && last.karp_flatt > 0.02) said.push(words.overhead);
  return said;
}

/** Numbers of workers as typed: `1, 2, 4`; each once, the fewest first, as the first row is what the others are compared with. `null` where that cannot be understood. */
export function counts(text: string): number[] | null {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const numbers = words.map(Number);
  return numbers.length <= 32 && numbers.every((n) => Number.isInteger(n) && n >= 1 && n <= 256) ? [...new Set(numbers)].sort((a, b) => a - b) : null;
}

/** A row for each number of workers, as `manyhands bench --csv` writes it. */
export function benchCsv(rows: readonly BenchRow[]): string {
  const head = ['workers', 'wall_s', 'speed_up', 'efficiency', 'cpu', 'analyse_s', 'process_s', 'merge_s', 'karp_flatt', 'frames', 'exact'];
  const n = (value: number | null) => (value === null ? '' : value.toFixed(4));
  return csv([head, ...rows.map((row) => [String(row.workers), n(row.wall_s), n(row.speed_up), n(row.efficiency), n(row.cpu), n(row.analyse_s), n(row.process_s), n(row.merge_s), n(row.karp_flatt), String(row.frames), String(row.exact)])]);
}
