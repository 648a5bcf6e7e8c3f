import { describe, expect, it } from 'vitest';
import { computer } from '../host/script';
import { houseFigures } from '../host/times';
import { daily, daysAt, gifts, saved, spanOf, together } from './figures';

const three = ['Studio', 'Kitchen', 'Attic'].map((name) => computer(name));
const here = three[0] as (typeof three)[number];
const told = houseFigures(30, three);

describe('hours by computer', () => {
  it('add up to what the others did here and what was given to them', () => {
    const given = gifts(told, here);
    const hours = given.flatMap(({ points }) => points).reduce((sum, { y }) => sum + y, 0);
    const others = told.computers.filter(({ here }) => !here).reduce((sum, { work_s }) => sum + work_s, 0);
    expect(hours * 3600).toBeCloseTo(others + told.total.given_s, 0);
    expect(given.map(({ name }) => name).sort()).toEqual(['Attic', 'Kitchen', 'Studio']);
  });

  it('have each day once, in order', () => {
    for (const { points } of gifts(told, here)) {
      const days = points.map(({ x }) => x);
      expect(days).toEqual([...new Set(days)].sort((a, b) => a - b));
    }
  });

  it('keep what this computer gave where it encoded nothing of its own', () => {
    const without = { ...told, computers: told.computers.filter((one) => !one.here), shares: told.shares.filter((one) => one.computer !== here.id) };
    const mine = gifts(without, here).find((one) => one.computer === here.id);
    expect(mine?.name).toBe('Studio');
    expect((mine?.points ?? []).reduce((sum, { y }) => sum + y, 0)).toBeCloseTo(told.total.given_s / 3600, 6);
  });

  it('are one together where there are too many computers', () => {
    const many = Array.from({ length: 9 }, (_, n) => ({ ...told.computers[0], computer: `${n}`, name: `C${n}`, here: n === 8, given_s: 0, work_s: n, parts: 1, frames: 1, given_parts: 0, given_frames: 0 }));
    const shares = many.map(({ computer: id }, n) => ({ day: told.today, computer: id, work_s: 3600 * (n + 1), given_s: 0 }));
    const given = gifts({ ...told, computers: many, shares }, { id: '8', name: 'C8' });
    expect(given).toHaveLength(6);
    expect(given.at(-1)).toMatchObject({ computer: null, points: [{ x: told.today, y: 1 + 2 + 3 }] });
  });
});

describe('long times', () => {
  const since = (days: number) => ({ ...told, days: Array.from({ length: days }, (_, n) => ({ ...(told.days[0] as (typeof told.days)[number]), day: told.today - days + 1 + n })) });

  it('have a bar for each day, week or four weeks, so that bars can be told apart', () => {
    const step = (days: number) => spanOf(since(days), 3660).step;
    expect([step(7), step(120), step(121), step(840), step(841), step(3660)]).toEqual(['day', 'day', 'week', 'week', 'weeks', 'weeks']);
  });

  it('lose nothing, and end with today', () => {
    for (const days of [30, 200, 3000]) {
      const figures = since(days);
      const span = spanOf(figures, 3660);
      const bars = together(daily(figures.days, saved), span);
      expect(bars.reduce((sum, { y }) => sum + y, 0)).toBeCloseTo(figures.days.reduce((sum, { totals }) => sum + saved(totals), 0));
      expect(bars.length).toBeLessThanOrEqual(131);
      expect(bars.map(({ x }) => x)).toEqual([...bars.map(({ x }) => x)].sort((a, b) => a - b));
      expect(daysAt(bars.at(-1)?.x ?? 0, span)[1]).toBe(told.today);
      // The first bar has no days from before what is shown.
      expect(daysAt(bars[0]?.x ?? 0, span)[0]).toBe(span.first);
      expect(bars[0]?.x).toBeGreaterThan(span.from);
    }
  });

  it('say which days a bar stands for', () => {
    expect(daysAt(100, { step: 'week', first: 0 })).toEqual([97, 103]);
    expect(daysAt(100, { step: 'day', first: 0 })).toEqual([100, 100]);
  });
});
