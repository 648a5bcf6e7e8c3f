import { describe, expect, it } from 'vitest';
import type { TimelineComputer } from '../generated/api';
import { houseTimeline } from '../host/times';
import { computer } from '../host/script';
import { answers, axisOf, csv, draw, markAt, markWords, spentShare, SPENT, stintWords, timelineCsv } from './timeline';

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
      expect(markAt(row, (bar?.x ?? 0) + 1, (bar?.y ?? 0) + 1)).toEqual(bar?.mark);
      expect(markAt(row, -50, row.top)).toBeNull();
      for (const { y, height } of row.bars) expect(y + height).toBeLessThanOrEqual(row.top + row.height + 0.5);
    }
  });

  it('shows nothing on the wire of the computer that owns the video', () => {
    const here = drawing.rows.find(({ one }) => one.here);
    expect(here?.bars.some(({ deed }) => deed === 'transfer' || deed === 'back')).toBe(false);
  });

  it('marks where each of the others waited for the end, and only there', () => {
    const [kitchen, studio, attic] = drawing.rows.map(({ tail }) => tail);
    expect(kitchen).toHaveLength(1);
    expect(kitchen?.[0]?.width).toBeGreaterThan(10);
    // In between it went on with another video.
    expect(studio).toHaveLength(2);
    const other = drawing.rows[1]?.bars.find(({ deed }) => deed === 'other');
    expect(studio?.[0] && studio[0].x + studio[0].width).toBeCloseTo(other?.x ?? 0);
    expect(studio?.[1]?.x).toBeCloseTo((other?.x ?? 0) + (other?.width ?? 0));
    expect(attic).toEqual([]);
  });

  it('draws work on another video, and a part that waits for a seat, beneath the parts', () => {
    const [kitchen] = drawing.rows;
    const deeds = kitchen?.bars.map(({ deed }) => deed) ?? [];
    expect(deeds.slice(0, 2)).toEqual(['seat', 'other']);
    const [seat, other] = kitchen?.bars ?? [];
    expect([seat?.height, other?.height]).toEqual([kitchen?.track.height, kitchen?.track.height]);
    // The seat was taken by the other video until then.
    expect((other?.x ?? 0) + (other?.width ?? 0)).toBeCloseTo(seat?.x ?? 0);
    expect(kitchen && other && markAt(kitchen, other.x + 1, other.y + 1)).toEqual({ is: 'other', n: 0 });
  });

  it('goes from one to the next in the order of time', () => {
    const [kitchen] = drawing.rows;
    expect(kitchen?.marks).toHaveLength(1 + (kitchen?.one.stints.length ?? 0));
    const at = kitchen?.marks.findIndex(({ is }) => is === 'other') ?? 0;
    const stint = (n: number) => kitchen?.one.stints[kitchen.marks[n]?.n ?? 0]?.given_ms ?? 0;
    expect(stint(at - 1)).toBeLessThanOrEqual(302_009);
    expect(stint(at + 1)).toBe(343_000);
  });
});

describe('what is said of a timeline', () => {
  it('answers why it was not faster', () => {
    const said = answers(told);
    expect(said[0]).toBe('Kitchen was idle for 15 % of the time: it waited for parts that were on the way. They came with 4.40 MB a second.');
    expect(said[1]).toBe('At the end the others waited 39 s for part 48 on Attic, the slowest computer: 5 % of the whole.');
    expect(said).toHaveLength(told.causes.length);
  });

  it('says each part in words', () => {
    const attic = told.computers[2];
    const lost = attic?.stints.find(({ fate }) => fate === 'lost');
    expect(lost && stintWords(lost, false, told.until_ms)).toMatch(/^Part \d+: on the way for 3 s, encoded for 30 s, came to nothing \(the connection broke\)$/);
  });

  it('says work on another video, and a part that waited for a seat', () => {
    const kitchen = told.computers[0] as TimelineComputer;
    const filmOf = (job: number) => (job === 9 ? 'été.mkv' : null);
    expect(markWords(kitchen, { is: 'other', n: 0 }, told.until_ms, filmOf)).toBe('Parts of another video in hand, job 4: 50 s');
    const goesOn = { ...kitchen, others: [{ job: 9, began_ms: 10_000, ended_ms: null }] };
    expect(markWords(goesOn, { is: 'other', n: 0 }, 40_000, filmOf)).toBe('Parts of another video in hand, été.mkv: 30 s, goes on');
    expect(markWords(kitchen, { is: 'other', n: 1 }, told.until_ms, filmOf)).toBeNull();
    const waited = kitchen.stints.findIndex(({ given_ms }) => given_ms === 343_000);
    expect(markWords(kitchen, { is: 'stint', n: waited }, told.until_ms, filmOf)).toMatch(/^Part \d+: on the way for 7 s, waited for a seat for 9 s, encoded for \d+ s, /);
  });

  it('spends all of the time, each of it once', () => {
    expect(SPENT).toEqual(['encode', 'check', 'transfer', 'give_back', 'away', 'other', 'seat', 'late', 'idle', 'tail']);
    for (const one of told.computers) expect(SPENT.reduce((sum, deed) => sum + one.spent[deed], 0)).toBe(told.work_ms);
  });

  it('is no more exact than what is known', () => {
    expect(spentShare(told, 0)).toBe('');
    expect(spentShare(told, told.work_ms / 1000)).toBe('<1 %');
    expect(spentShare(told, told.work_ms / 3)).toBe('33 %');
  });

  it('is a table in which what others wrote is text', () => {
    const lines = timelineCsv(told).trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + told.computers.reduce((sum, one) => sum + one.stints.length + one.others.length, 0));
    expect(lines[0]?.startsWith('\uFEFFcomputer,name,part,')).toBe(true);
    // As the sentences do, which call the first part 1.
    expect(lines[1]?.split(',')[2]).toBe(String((told.computers[0]?.stints[0]?.segment ?? 0) + 1));
    const cells = lines.map((line) => line.split(','));
    for (const line of cells) expect(line).toHaveLength(17);
    // The other video after the parts of its computer: no part, only when, and which job.
    const kitchen = told.computers[0] as TimelineComputer;
    expect(cells[0]?.at(-1)).toBe('other_job');
    expect(cells[1]?.at(-1)).toBe('');
    expect(cells[1 + kitchen.stints.length]).toEqual([kitchen.computer, 'Kitchen', '', '', '', '302.009', '', '', '', '', '', '352.000', '', '', '', '', '4']);
    expect(csv([['=HYPERLINK("x")', '-3', 'a,b']])).toBe('\uFEFF"\'=HYPERLINK(""x"")",-3,"a,b"\r\n');
  });
});
