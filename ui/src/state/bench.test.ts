import { describe, expect, it } from 'vitest';
import { MEASURED } from '../host/times';
import { t } from '../words/words.svelte';
import { amdahl, benchCsv, counts, plots, verdicts } from './bench';

describe('a measurement', () => {
  const [run, other] = MEASURED as [(typeof MEASURED)[number], (typeof MEASURED)[number]];

  it('is drawn with the ideal and the law', () => {
    const { speedUp, efficiency, to } = plots(run.rows, 0.05);
    expect(speedUp.map(({ look }) => look)).toEqual(['dots', 'dashes', 'dashes']);
    expect(to).toBe(8);
    expect(speedUp[1]?.points.at(-1)).toEqual({ x: 8, y: 8 });
    expect(speedUp[2]?.points.at(-1)?.y).toBeCloseTo(1 / (0.05 + 0.95 / 8));
    expect(efficiency[1]?.points.every(({ y }) => y === 1)).toBe(true);
    expect(efficiency[2]?.points[0]?.y).toBe(1);
  });

  it('has no law of one row, and another beside it where that is wanted', () => {
    expect(plots(run.rows.slice(0, 1), null).speedUp).toHaveLength(2);
    const beside = plots(run.rows, 0.05, other.rows).speedUp;
    expect(beside[1]?.points).toHaveLength(other.rows.length);
  });

  it('is reckoned from its first row, also where that has several workers', () => {
    const { speedUp } = plots(run.rows.slice(1), 0.05);
    expect(speedUp[1]?.points[0]).toEqual({ x: 2, y: 1 });
    expect(amdahl(0.1, 1)).toBe(1);
  });

  it('has labels that are apart from the last one that stands there', () => {
    const row = run.rows[0] as (typeof run.rows)[number];
    const many = [1, 2, 3, 4, 5, 6, 28].map((workers) => ({ ...row, workers }));
    expect(plots(many, null).ticks.map(({ x }) => x)).toEqual([1, 3, 5, 28]);
  });

  it('is said in sentences', () => {
    expect(verdicts(run).slice(0, 2)).toEqual(['6.2 % of the work cannot be divided (Amdahl’s law, fitted to the rows).', '16 workers would be 8.3 times as fast as the first row.']);
    expect(verdicts({ rows: [], summary: { serial_fraction: null, limit: null, twice: null } })).toHaveLength(1);
  });

  it('is asked for by whole numbers', () => {
    expect(counts(' 1, 2;4  8')).toEqual([1, 2, 4, 8]);
    expect(counts('')).toEqual([]);
    expect(counts('4 1, 1, 2')).toEqual([1, 2, 4]);
    for (const wrong of ['0', '1.5', 'two', '257', Array(33).fill('1').join(' ')]) expect(counts(wrong)).toBeNull();
  });

  it('counts one worker as one', () => {
    expect([t().bench.place(1, '1'), t().bench.place(2, '2')]).toEqual(['1 worker', '2 workers']);
  });

  it('is a table', () => expect(benchCsv(run.rows).split('\r\n')[1]).toMatch(/^1,92\.0000,1\.0000,1\.0000,/));
});
