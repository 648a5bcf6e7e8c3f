import { describe, expect, it } from 'vitest';
import type { Hand } from '../generated/api';
import { job, segment } from '../host/script';
import { left, reckon, UNKNOWN } from './eta';

const hand = (name: string, over: Partial<Hand> = {}): Hand => ({ computer: name, name, segments: 3, working: 1, frames: 100, speed_fps: 20, encoder: 'libx265', paused: null, read_there: 0, ...over });
const at = (eta_s: number | null, hands: Hand[] = [hand('A')], attempts = 1) => job(1, 'a.mkv', { state: { is: 'processing' }, eta_s, hands, segments: [{ ...segment(0, 0, 5, 'encoding'), attempts }] });

describe('the time to go', () => {
  it('is not known before the node knows it, nor while nothing goes on', () => {
    expect(left(reckon(UNKNOWN, at(null), 0), 0)).toBeNull();
    const held = { ...at(60), state: { is: 'paused' as const, reason: '' } };
    expect(left(reckon(UNKNOWN, held, 0), 0)).toBeNull();
  });

  it('falls by itself and takes small changes in silently', () => {
    const first = reckon(UNKNOWN, at(600), 0);
    expect(left(first, 60_000)).toBe(540);
    // The node says 570 where 540 were left: it moves a little, and nobody has to be told.
    const next = reckon(first, at(570), 60_000);
    expect(left(next, 60_000)).toBe(546);
    expect(next.why).toBe('');
  });

  it.each([
    ['Takes longer now: B left', at(600, [hand('A'), hand('B')]), at(1200, [hand('A'), hand('B', { working: 0 })])],
    ['Takes longer now: B is paused (in use)', at(600, [hand('A'), hand('B')]), at(1200, [hand('A'), hand('B', { working: 0, paused: 'in use' })])],
    ['Takes longer now: a part is being done again', at(600), at(1200, [hand('A')], 2)],
    ['Takes longer now: the computers got slower', at(600), at(1200)],
    ['Quicker now: B joined', at(600), at(200, [hand('A'), hand('B')])],
    ['Quicker now: the computers got faster', at(600), at(200)],
  ])('says why it jumps: %s', (why, before, after) => {
    const jumped = reckon(reckon(UNKNOWN, before, 0), after, 1000);
    expect(jumped.why).toBe(why);
    expect(left(jumped, 1000)).toBe(after.eta_s);
    // For a while, then it is old news.
    expect(reckon(jumped, { ...after, eta_s: (after.eta_s ?? 0) - 10 }, 11_000).why).toBe(why);
    expect(reckon(jumped, { ...after, eta_s: (after.eta_s ?? 0) - 30 }, 31_000).why).toBe('');
  });

  it('is never negative', () => expect(left({ ...UNKNOWN, end: 5 }, 10_000)).toBe(0));
});
