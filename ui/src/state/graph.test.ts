import { describe, expect, it } from 'vitest';
import { trio } from '../host/scenes';
import { houseFigures } from '../host/times';
import { daily, dateTicks, figuresCsv, firstDay, saved, summed } from './figures';
import { barAt, frame, legend, nearest, steps, type Series } from './graph';

const told = houseFigures(30, trio);
const bars: Series = { name: 'saved', look: 'bars', paint: 'red', points: daily(told.days, saved) };

describe('a graph', () => {
  it('divides its range into round steps', () => {
    expect(steps(10, 4)).toEqual([0, 2.5, 5, 7.5, 10]);
    expect(steps(0.09, 4)).toEqual([0, 0.025, 0.05, 0.075].map((n) => expect.closeTo(n)));
    expect(steps(0, 4)).toEqual([0]);
    expect(steps(Number.NaN, 4)).toEqual([0]);
  });

  it('has room for what is below the ground, and for nothing', () => {
    const view = frame([bars], told.days[0]?.day ?? 0, told.today, 600, 200);
    const least = Math.min(...bars.points.map(({ y }) => y));
    expect(least).toBeLessThan(0);
    expect(view.y(least)).toBeCloseTo(view.bottom);
    expect(view.y(0)).toBeLessThan(view.bottom);
    const empty = frame([], 0, 0, 600, 200);
    expect(Number.isFinite(empty.x(0)) && Number.isFinite(empty.y(0))).toBe(true);
    expect(nearest([], empty, 10)).toBeNull();
  });

  it('finds the day that is pointed at', () => {
    const view = frame([bars], told.today - 30, told.today, 600, 200);
    const day = bars.points[3]?.x ?? 0;
    expect(nearest([bars], view, view.x(day) + 2)).toBe(day);
  });

  it('keeps the bars of all series within their own day, however narrow that is', () => {
    for (const days of [7, 120, 4000]) {
      const view = frame([bars], 0, days, 600, 200);
      const [from, to] = [view.x(4 - 0.4), view.x(4 + 0.4)];
      for (let n = 0; n < 5; n += 1) {
        const { left, width } = barAt(view, 4, 0.8, n, 5);
        expect(left).toBeGreaterThanOrEqual(from);
        expect(left + width).toBeLessThanOrEqual(Math.max(to, from + 1) + 1e-9);
        expect(width).toBeGreaterThanOrEqual(1);
      }
    }
  });

  it('breaks the names of its series where there is no room for them in one row', () => {
    const many = Array.from({ length: 4 }, () => ({ ...bars, name: 'a name of some length' }));
    expect(new Set(legend(many, 400).map(({ row }) => row)).size).toBeGreaterThan(1);
    for (const { x } of legend(many, 400)) expect(x + 174).toBeLessThanOrEqual(400);
  });
});

describe('figures', () => {
  it('add up to today, also where nothing is done today', () => {
    const without = { ...told, days: told.days.filter(({ day }) => day < told.today - 3) };
    const points = summed(without, 30, saved);
    expect(points.at(-1)).toEqual({ x: told.today, y: without.days.reduce((sum, { totals }) => sum + saved(totals), 0) });
  });

  it('show a week at the least, and no more than there is', () => {
    expect(firstDay({ ...told, days: [] }, 3660)).toBe(told.today - 6);
    expect(firstDay(told, 3660)).toBe(told.days[0]?.day);
    expect(firstDay(houseFigures(3660, trio), 30)).toBe(told.today - 29);
  });

  it('have dates that no time zone moves', () => {
    expect(dateTicks(20_780, 20_786, 'en').at(0)).toEqual({ x: 20_786, text: 'Nov 29' });
    expect(figuresCsv(told).split('\r\n').at(-2)?.startsWith('2026-11-2')).toBe(true);
  });
});
