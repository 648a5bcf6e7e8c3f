import { describe, expect, it } from 'vitest';
import { job, segment } from '../host/script';
import { announce } from './announce';
import { extend, HUES, initial } from './hues';
import { inWords, pieces } from './strip';

describe('the strip', () => {
  it('covers the film as far as it is known', () => {
    const film = job(1, 'a.mkv', {
      duration_s: 100,
      segments: [segment(0, 0, 25, 'done'), segment(1, 25, 50, 'encoding', 0.5)],
    });
    expect(pieces(film).map(({ x, width, progress }) => [x, width, progress])).toEqual([[0, 25, 1], [25, 25, 0.5]]);
  });

  it('does not need to know the length', () => {
    const film = job(1, 'a.mkv', { duration_s: null, segments: [segment(0, 10, 20), segment(1, 20, 30)] });
    expect(pieces(film).map(({ x, width }) => [x, width])).toEqual([[0, 50], [50, 50]]);
    expect(pieces(job(1, 'a.mkv', { duration_s: null }))).toEqual([]);
  });

  it('ends with the last part once all are known', () => {
    const segments = [segment(0, 0, 6, 'done')];
    const film = job(1, 'a.mkv', { duration_s: 6.1, state: { is: 'combining' }, segments });
    expect(pieces(film)[0]).toMatchObject({ x: 0, width: 100 });
  });

  it('never leaves its frame', () => {
    const film = job(1, 'a.mkv', { duration_s: 10, segments: [segment(0, 0, 12, 'encoding', 7)] });
    expect(pieces(film)[0]).toMatchObject({ x: 0, width: 100, progress: 1 });
  });

  it('can be read', () => {
    const film = job(1, 'a.mkv', { segments: [segment(0, 0, 5, 'done'), segment(1, 5, 9, 'sent')] });
    expect(inWords(film)).toBe('1 of 2 parts done, 1 under way.');
  });
});

describe('hues', () => {
  it('stay with their computer', () => {
    const first = extend(new Map(), ['a', 'b']);
    const more = extend(first, ['c', 'a']);
    expect([...more]).toEqual([['a', 0], ['b', 1], ['c', 2]]);
    expect(extend(more, ['a'])).toBe(more);
  });

  it('begin again when there are no more', () => {
    const many = extend(new Map(), Array.from({ length: HUES + 1 }, (_, n) => `id${n}`));
    expect(many.get(`id${HUES}`)).toBe(0);
  });

  it('have a letter beside them', () => {
    expect([initial('kitchen'), initial('  '), initial('🎬 Studio'), initial('ñandú')]).toEqual(['K', '?', '🎬', 'Ñ']);
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
    const failed = job(1, 'a.mkv', {
      state: { is: 'failed', error: { code: 'encode_failed', message: 'It broke.', help: '' } },
    });
    expect(announce(at(0.9), [failed])).toEqual(['a.mkv failed. It broke.']);
    expect(announce([failed], [failed])).toEqual([]);
    expect(announce([], [failed])).toEqual([]);
  });
});
