import { describe, expect, it } from 'vitest';
import { computer } from '../host/script';
import { houseFigures } from '../host/times';
import { gifts } from './figures';

const told = houseFigures(30, ['Studio', 'Kitchen', 'Attic'].map((name) => computer(name)));

describe('hours by computer', () => {
  it('add up to what the others did here and what was given to them', () => {
    const given = gifts(told);
    const hours = given.flatMap(({ points }) => points).reduce((sum, { y }) => sum + y, 0);
    const others = told.computers.filter(({ here }) => !here).reduce((sum, { work_s }) => sum + work_s, 0);
    expect(hours * 3600).toBeCloseTo(others + told.total.given_s, 0);
    expect(given.map(({ name }) => name).sort()).toEqual(['Attic', 'Kitchen', 'Studio']);
  });

  it('have each day once, in order', () => {
    for (const { points } of gifts(told)) {
      const days = points.map(({ x }) => x);
      expect(days).toEqual([...new Set(days)].sort((a, b) => a - b));
    }
  });

  it('are one together where there are too many computers', () => {
    const many = Array.from({ length: 9 }, (_, n) => ({ ...told.computers[0], computer: `${n}`, name: `C${n}`, here: n === 8, given_s: 0, work_s: n, parts: 1, frames: 1, given_parts: 0, given_frames: 0 }));
    const shares = many.map(({ computer: id }, n) => ({ day: told.today, computer: id, work_s: 3600 * (n + 1), given_s: 0 }));
    const given = gifts({ ...told, computers: many, shares });
    expect(given).toHaveLength(6);
    expect(given.at(-1)).toMatchObject({ computer: null, points: [{ x: told.today, y: 1 + 2 + 3 }] });
  });
});
