import { describe, expect, it } from 'vitest';
import { jobWords } from '../format/words';
import type { Forecast, Outlook, Still } from '../generated/api';
import { computer, here, job, QUIET } from '../host/script';
import { current, found, past, savedBytes } from './history';
import { chosen, grows, sums } from './outlook';
import { isSame, nextPlace, placeBefore, wanted } from './pair';
import { beat, line, STILL } from './pulse';
import { spread } from './reel';
import { fromSnapshot } from './scene';

describe('a video in words', () => {
  it('waits while everybody is at another one', () => {
    const hand = { computer: 'k', name: 'K', segments: 1, working: 0, frames: 1, speed_fps: 5, encoder: null, paused: null, read_there: 0 };
    const at = (place: number, working: number) => jobWords(job(1, 'a', { state: { is: 'processing' }, place, hands: [{ ...hand, working }] }));
    expect([at(0, 0), at(1, 1), at(1, 0)]).toEqual(['Encoding', 'Encoding', 'Waiting for its turn']);
  });
});

describe('the first page and the history', () => {
  const outcome = { output: '/o', receipt: '/r', exact: true, verdict: '', frames: 1, bytes: 300, wall_s: 1 };
  const done = (id: number, name: string, finished_ms: number) => job(id, name, { source_bytes: 1000, state: { is: 'completed', outcome }, finished_ms });
  const jobs = [done(1, 'Été à la mer.mkv', 0), done(2, 'b.mkv', 90_000_000), job(3, 'c.mkv', { place: 2 }), job(4, 'd.mkv', { place: 1 }), job(5, 'e.mkv', { state: { is: 'processing' }, place: 0 }), job(6, 'interrupted.mkv')];

  it('show the queue in its order, then what was interrupted, then what ended lately', () => expect(current(jobs, 100_000_000).map((one) => one.id)).toEqual([5, 4, 3, 6, 2]));
  it('keep what is over, the latest first', () => expect(past(jobs).map((one) => one.id)).toEqual([2, 1]));
  it('find by words whatever their accents', () => {
    expect(found(jobs, 'MER ete').map((one) => one.id)).toEqual([1]);
    expect(found(jobs, 'zzz')).toEqual([]);
    expect(found(jobs, ' ').length).toBe(6);
  });
  it('find by who helped and by what it was made for', () => {
    const helped = job(7, 'x.mkv', { hands: [{ computer: 'k', name: 'Kitchen-PC', segments: 1, working: 0, frames: 1, speed_fps: null, encoder: null, paused: null, read_there: 0 }] });
    expect(found([...jobs, helped], 'kitchen smaller').map((one) => one.id)).toEqual([7]);
  });
  it('add up what was saved', () => expect(savedBytes(jobs)).toEqual({ bytes: 1400, count: 2 }));
});

describe('an outlook', () => {
  const one = (purpose: Forecast['purpose'], bytes_low: number, seconds: number | null): Forecast => ({ purpose, bytes_low, bytes_high: bytes_low * 2, seconds, alone_s: null, computers: 2 });
  const a: Outlook = { chosen: one('smaller', 10, 60), purposes: [one('smaller', 10, 60), one('smallest', 5, null)] };

  it('of several files is their sum', () => {
    expect(sums([a, a]).get('smaller')).toEqual({ low: 20, high: 40, seconds: 120, computers: 2 });
    expect(sums([a, a]).get('smallest')?.seconds).toBeNull();
    expect(chosen([a, a])?.low).toBe(20);
  });
  it('says when more would come out than goes in', () => {
    const sum = sums([a]).get('smaller');
    expect(sum && [grows(sum, 14), grows(sum, 16), grows(sum, 0)]).toEqual([true, false, false]);
  });
  it('is not there before all of them have one', () => {
    expect(sums([a, null]).size).toBe(0);
    expect(chosen([])).toBeNull();
  });
});

describe('two films side by side', () => {
  const still = (at_s: number, next_s: number | null): Still => ({ at_s, next_s, jpeg: '' });
  // What a node gives: the first frame at or after the time asked for, 24 a second.
  const shown = (at_s: number) => Math.ceil(at_s * 24 - 1e-9) / 24;

  it('show the same frame, the next and the one before', () => {
    for (const frame of [1, 7, 1000]) {
      const before = still(frame / 24, (frame + 1) / 24);
      expect(shown(wanted(before))).toBeCloseTo(frame / 24, 6);
      expect(shown(nextPlace(before))).toBeCloseTo((frame + 1) / 24, 6);
      expect(shown(placeBefore(before))).toBeCloseTo((frame - 1) / 24, 6);
    }
  });
  it('say when they do not', () => {
    expect(isSame(still(1, 1.04), still(1.001, 1.041))).toBe(true);
    expect(isSame(still(1, 1.04), still(1.04, 1.08))).toBe(false);
  });
  it('stay at the end and at the beginning', () => {
    expect(nextPlace(still(9, null))).toBe(9);
    expect(placeBefore(still(0, 0.04))).toBe(0);
  });
});

describe('pictures along a film', () => {
  it('are all fetched once, the spread-out ones first', () => {
    for (const count of [1, 2, 3, 7, 8, 11]) expect([...spread(count)].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
    expect(spread(8).slice(0, 3)).toEqual([4, 2, 6]);
  });
});

describe('the pulse', () => {
  const scene = (speed_fps: number) => fromSnapshot({ seq: 0, pairing: QUIET, here: here(), computers: [computer('K')], jobs: [job(1, 'a', { state: { is: 'processing' }, hands: [{ computer: 'k', name: 'K', segments: 0, working: 1, frames: 0, speed_fps, encoder: null, paused: null, read_there: 0 }] })] });

  it('takes a sample every two seconds and keeps five minutes', () => {
    let pulse = STILL;
    for (let at = 2000; at < 1_000_000; at += 500) pulse = beat(pulse, scene(20), at);
    expect(pulse.speeds.get('k')?.length).toBe(150);
  });
  it('draws nothing for who has done nothing all that time', () => expect(beat(STILL, scene(0), 2000).speeds.size).toBe(0));
  it('fits its box', () => {
    const numbers = line([0, 5, 10], 240, 26).match(/[\d.]+/g)?.map(Number) ?? [];
    expect(Math.max(...numbers.filter((_, place) => place % 2 === 0))).toBe(240);
    expect(numbers.filter((_, place) => place % 2 === 1)).toEqual([25, 13, 1]);
  });
});
