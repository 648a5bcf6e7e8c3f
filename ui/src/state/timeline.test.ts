import { describe, expect, it } from 'vitest';
import { houseTimeline } from '../host/times';
import { computer } from '../host/script';
import { answers, axisOf, csv, draw, spentShare, stintAt, stintWords, timelineCsv } from './timeline';

const told = houseTimeline(3, ['Studio', 'Kitchen', 'Attic'].map((name) => computer(name)), false);

describe('the axis of a timeline', () => {
  it('draws what nobody could work in as narrow as that is worth', () => {
    const axis = axisOf(told, 1000);
    const held = told.phases.find(({ kind }) => kind === 'held');
    const [from, to] = [axis.at(held?.began_ms ?? 0), axis.at(held?.ended_ms ?? 0)];
    expect(to - from).toBeCloseTo(14);
    expect(axis.at(0)).toBe(0);
    expect(axis.at(told.until_ms)).toBeCloseTo(1000);
    expect(axis.breaks).toHaveLength(1);
  });

  it('never runs backwards, and its ticks are apart', () => {
    const axis = axisOf(told, 1000);
    const at = Array.from({ length: 500 }, (_, n) => axis.at((told.until_ms * n) / 499));
    expect(at.every((x, n) => n === 0 || x >= (at[n - 1] ?? 0))).toBe(true);
    const gaps = axis.ticks.slice(1).map(({ x }, n) => x - (axis.ticks[n]?.x ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(90);
    expect(axis.ticks.map(({ text }) => text).slice(0, 2)).toEqual(['0:00', '2:00']);
  });

  it('keeps room for the work where a video was held a hundred times', () => {
    const pauses = Array.from({ length: 100 }, (_, n) => ({ from_ms: n * 8000, to_ms: n * 8000 + 4000 }));
    const axis = axisOf({ ...told, pauses }, 1000);
    expect(axis.breaks.reduce((sum, { width }) => sum + width, 0)).toBeLessThanOrEqual(301);
    expect(axis.at(told.until_ms)).toBeCloseTo(1000);
  });
});

describe('the drawing of a timeline', () => {
  const drawing = draw(told, 1000);

  it('gives each computer a row, and each part at it a place in it', () => {
    expect(drawing.rows.map(({ one }) => one.name)).toEqual(['Kitchen', 'Studio', 'Attic']);
    for (const row of drawing.rows) {
      const encodes = row.bars.filter(({ deed }) => deed === 'encode' || deed === 'vain');
      expect(encodes).toHaveLength(row.one.stints.length);
      const bar = encodes.at(-1);
      expect(stintAt(row, (bar?.x ?? 0) + 1, (bar?.y ?? 0) + 1)).toBe(bar?.stint);
      expect(stintAt(row, -50, row.top)).toBe(-1);
      for (const { y, height } of row.bars) expect(y + height).toBeLessThanOrEqual(row.top + row.height + 0.5);
    }
  });

  it('shows nothing on the wire of the computer that owns the video', () => {
    const here = drawing.rows.find(({ one }) => one.here);
    expect(here?.bars.some(({ deed }) => deed === 'transfer' || deed === 'back')).toBe(false);
  });

  it('marks where the others waited for the end', () => expect(drawing.tail?.width).toBeGreaterThan(10));
});

describe('what is said of a timeline', () => {
  it('answers why it was not faster', () => {
    const said = answers(told);
    expect(said[0]).toBe('Kitchen was idle for 15 % of the time: it waited for parts that were on the way. They came with 4.40 MB a second.');
    expect(said[1]).toBe('At the end the others waited 38 s for part 48 on Attic, the slowest computer: 5 % of the whole.');
    expect(said).toHaveLength(told.causes.length);
  });

  it('says each part in words', () => {
    const attic = told.computers[2];
    const lost = attic?.stints.find(({ fate }) => fate === 'lost');
    expect(lost && stintWords(lost, false, told.until_ms)).toMatch(/^Part \d+: on the way for 3 s, encoded for 30 s, came to nothing \(the connection broke\)$/);
  });

  it('is no more exact than what is known', () => {
    expect(spentShare(told, 0)).toBe('');
    expect(spentShare(told, told.work_ms / 1000)).toBe('<1 %');
    expect(spentShare(told, told.work_ms / 3)).toBe('33 %');
  });

  it('is a table in which what others wrote is text', () => {
    const lines = timelineCsv(told).trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + told.computers.reduce((sum, one) => sum + one.stints.length, 0));
    expect(csv([['=HYPERLINK("x")', '-3', 'a,b']])).toBe('"\'=HYPERLINK(""x"")",-3,"a,b"\r\n');
  });
});
