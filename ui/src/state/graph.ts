/** Where the lines and bars of a graph lie. Pure. */

export interface Point {
  x: number;
  y: number;
}

/** Something drawn: bars from the ground up, a line, or dots on it. */
export interface Series {
  name: string;
  look: 'bars' | 'line' | 'dashes' | 'dots';
  /** A colour or a pattern of the page. */
  paint: string;
  points: readonly Point[];
}

export interface Tick {
  x: number;
  text: string;
}

export interface Frame {
  /** Pixels of the whole. */
  width: number;
  height: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  x(value: number): number;
  y(value: number): number;
  /** Values at which lines go across. */
  lines: number[];
}

/** Round steps that divide a range into about so many. */
export function steps(most: number, count: number): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0];
  const rough = most / count;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * ten).find((n) => n >= rough) ?? rough;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, n) => n * step);
}

/** The frame of a graph that has room for all of its series; `from` and `to` are the ends of its x axis. */
export function frame(series: readonly Series[], from: number, to: number, width: number, height: number): Frame {
  const all = series.flatMap(({ points }) => points.map(({ y }) => y).filter(Number.isFinite));
  const most = Math.max(0, ...all);
  const least = Math.min(0, ...all);
  const top = most * 1.06 || 1;
  const rows = Math.max(1, ...legend(series, width).map(({ row }) => row + 1));
  const [left, right, above, below] = [LEFT, width - 24, 12 + ROW * rows, height - 24];
  const x = (value: number) => left + ((value - from) / Math.max(1e-9, to - from)) * (right - left);
  const y = (value: number) => below - ((value - least) / (top - least)) * (below - above);
  // Below the ground only where there is room for the words.
  const under = (y(least) - y(0)) < 16 ? [] : steps(-least, 2).slice(1).map((value) => -value);
  return { width, height, left, top: above, right, bottom: below, x, y, lines: [...under, ...steps(most, 4)] };
}

/** Left of the graph there is room for the words of its lines, pixels. */
const LEFT = 64;
const ROW = 17;

/** Where the names of the series stand, above the graph: row by row. */
export function legend(series: readonly Series[], width: number): { x: number; y: number; row: number }[] {
  let [x, row] = [LEFT, 0];
  return series.map(({ name }) => {
    const wide = 40 + 6.4 * name.length;
    if (x > LEFT && x + wide > width) [x, row] = [LEFT, row + 1];
    const at = { x, y: 6 + ROW * row, row };
    x += wide;
    return at;
  });
}

/** Where the bar of one of `count` series lies that share the room of `wide` units round an x: never outside of it. */
export function barAt({ x }: Pick<Frame, 'x'>, at: number, wide: number, series: number, count: number): { left: number; width: number } {
  const [from, to] = [x(at - wide / 2), x(at + wide / 2)];
  const each = (to - from) / count;
  const width = Math.max(1, each - 0.5);
  return { left: from + Math.min(series * each, Math.max(0, to - from - width)), width };
}

/** A path through points. */
export function path(points: readonly Point[], { x, y }: Frame): string {
  return points.map((point, n) => `${n === 0 ? 'M' : 'L'}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join('');
}

/** The x of the series that is nearest to a pixel; `null` where there is none. */
export function nearest(series: readonly Series[], { x }: Frame, pixel: number): number | null {
  const all = series.filter(({ look }) => look !== 'dashes').flatMap(({ points }) => points.map((point) => point.x));
  if (all.length === 0) return null;
  return all.reduce((best, value) => (Math.abs(x(value) - pixel) < Math.abs(x(best) - pixel) ? value : best));
}
