import { describe, expect, it } from 'vitest';
import { job, segment } from '../host/script';
import { announce } from './announce';
import { extend, HUES, initial, shape, SHAPES } from './hues';
import { cellAt, inWords, lay, partWords, share } from './strip';

const even = (count: number, length = 100) => Array.from({ length: count }, (_, n) => segment(n, (length * n) / count, (length * (n + 1)) / count));

describe('the strip', () => {
  it('covers the film as far as it is known', () => {
    const film = job(1, 'a.mkv', { duration_s: 100, segments: [segment(0, 0, 25, 'done'), segment(1, 25, 50, 'encoding', 0.5)] });
    expect(lay(film, 200).cells.map(({ x, width }) => [x, width])).toEqual([[0, 50], [50, 50]]);
    expect(film.segments.map(share)).toEqual([1, 0.5]);
  });

  it('does not need to know the length', () => {
    const film = job(1, 'a.mkv', { duration_s: null, segments: [segment(0, 10, 20), segment(1, 20, 30)] });
    expect(lay(film, 100).cells.map(({ x, width }) => [x, width])).toEqual([[0, 50], [50, 50]]);
    expect(lay(job(1, 'a.mkv', { duration_s: null }), 100).cells).toEqual([]);
  });

  it('ends with the last part once all are known', () => {
    const film = job(1, 'a.mkv', { duration_s: 6.1, state: { is: 'combining' }, segments: [segment(0, 0, 6, 'done')] });
    expect(lay(film, 100).cells[0]).toMatchObject({ x: 0, width: 100 });
  });

  it('never leaves its frame', () => {
    const film = job(1, 'a.mkv', { duration_s: 10, segments: [segment(0, 0, 12, 'encoding', 7)] });
    expect(lay(film, 100).cells[0]).toMatchObject({ x: 0, width: 100 });
    expect(share(film.segments[0]!)).toBe(1);
  });

  it.each([[10, 1], [100, 1], [200, 2], [2000, 16]])('gives each of %i parts a place that can be pointed at', (count, rows) => {
    const film = job(1, 'a.mkv', { duration_s: 100, segments: even(count) });
    const lane = lay(film, 800);
    expect(lane.rows).toBe(rows);
    expect(lane.height).toBeLessThanOrEqual(84);
    for (const cell of lane.cells) {
      expect(cell.width).toBeGreaterThanOrEqual(4);
      expect(cell.x + cell.width).toBeLessThanOrEqual(800.001);
      expect(cellAt(lane, cell.x + cell.width / 2, cell.y + cell.height / 2)).toBe(cell.place);
    }
  });

  it('keeps time running to the right in columns', () => {
    const film = job(1, 'a.mkv', { duration_s: 100, segments: even(2000) });
    const lefts = lay(film, 800).cells.map(({ x }) => x);
    expect(lefts).toEqual([...lefts].sort((a, b) => a - b));
  });

  it('is pointed at from its pictures, too, and not beside it', () => {
    const lane = lay(job(1, 'a.mkv', { duration_s: 100, segments: even(4, 50) }), 100);
    expect([cellAt(lane, 1, -40), cellAt(lane, 49, 900), cellAt(lane, 51, 0), cellAt(lane, -1, 0)]).toEqual([0, 3, -1, -1]);
  });

  it('can be read', () => {
    const film = job(1, 'a.mkv', { segments: [segment(0, 0, 5, 'done'), segment(1, 5, 9, 'sent')] });
    expect(inWords(film)).toBe('1 of 2 parts done, 1 under way.');
    const names = new Map([['k', 'Kitchen']]);
    expect(partWords({ ...segment(0, 0, 5, 'encoding', 0.42), computer: 'k' }, names)).toBe('Kitchen encodes it: 42 %');
    expect(partWords({ ...segment(0, 0, 5, 'done'), computer: 'x' }, names)).toBe('done by somebody');
  });
});

describe('hues', () => {
  const id = (start: string) => start.padEnd(64, '0');

  it('come from the key and stay', () => {
    const first = extend(new Map(), [id('0003'), id('0005')]);
    expect([...first.values()]).toEqual([3, 5]);
    const more = extend(first, [id('0001'), id('0003')]);
    expect(more.get(id('0003'))).toBe(3);
    expect(extend(more, [id('0001')])).toBe(more);
  });

  it('are told apart as long as there are some left', () => {
    const ids = Array.from({ length: HUES }, (_, n) => id(`0002${n}`));
    expect(new Set(extend(new Map(), ids).values()).size).toBe(HUES);
    const twice = extend(new Map(), [...ids, ...ids.map((one) => `f${one.slice(1)}`)]);
    for (let hue = 0; hue < HUES; hue += 1) expect([...twice.values()].filter((one) => one === hue).length).toBe(2);
  });

  it('have a letter and a shape beside them', () => {
    expect([initial('kitchen'), initial('  '), initial('🎬 Studio'), initial('ñandú')]).toEqual(['K', '?', '🎬', 'Ñ']);
    expect(['0000', '0001', 'abcd'].map((digits) => shape(`0000${digits}`))).toEqual([0, 1, 0xabcd % SHAPES]);
  });
});

describe('announcements', () => {
  const at = (progress: number) => [job(1, 'a.mkv', { progress, state: { is: 'processing' } })];

  it('come at every quarter, once', () => {
    expect(announce(at(0.2), at(0.24))).toEqual([]);
    expect(announce(at(0.24), at(0.26))).toEqual(['a.mkv: 25 percent.']);
    expect(announce(at(0.26), at(0.8))).toEqual(['a.mkv: 75 percent.']);
  });

  it('tell the end', () => {
    const failed = job(1, 'a.mkv', { state: { is: 'failed', error: { code: 'encode_failed', message: 'It broke.', help: '' } } });
    expect(announce(at(0.9), [failed])).toEqual(['a.mkv failed. It broke.']);
    expect(announce([failed], [failed])).toEqual([]);
    expect(announce([], [failed])).toEqual([]);
  });
});
