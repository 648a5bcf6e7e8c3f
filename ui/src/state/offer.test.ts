import { describe, expect, it } from 'vitest';
import type { Facts } from '../generated/api';
import { at, isReady, isSettings, items, leftOver, looked, outdated, startable, wouldLose } from './offer';

const facts: Facts = { bytes: 1, duration_s: 1, picture: '', others: '', output: '/o.mkv', losses: [], notes: [] };
const fine = (over: Partial<Facts> = {}) => looked({ path: '/a', name: 'a', result: { is: 'fine', ...facts, ...over } });
const error = { code: 'not_a_video', message: 'It is not a video.', help: 'Drop another.' } as const;
const no = looked({ path: '/a', name: 'a', result: { is: 'refused', error } });

describe('an offer', () => {
  const two = at(at(items(['a', 'b']), 0, { path: '/a', stage: fine() }), 1, { path: '/b', stage: no });

  it('is ready when everything is known and something can be done', () => {
    expect(isReady(items(['a']))).toBe(false);
    expect(isReady(at(two, 1, { stage: { is: 'looking' } }))).toBe(false);
    expect(isReady(two)).toBe(true);
    expect(isReady(at(two, 0, { stage: no }))).toBe(false);
  });

  it('does without what was left out', () => {
    expect(isReady(at(two, 1, { stage: { is: 'left_out' } }))).toBe(true);
    expect(isReady(at(two, 0, { stage: { is: 'left_out' } }))).toBe(false);
  });

  it('stays without it, whatever is still heard of it', () => {
    const without = at(two, 0, { stage: { is: 'left_out' } });
    for (const late of [{ stage: { is: 'handing' as const, share: 0.5 } }, { path: '/a', stage: { is: 'looking' as const } }, { stage: fine() }]) expect(at(without, 0, late)).toEqual(without);
    expect(startable(at(without, 0, { path: '/a', stage: fine() }))).toEqual([]);
  });

  it('waits until everything is looked at for the choice as it is', () => {
    const changed = outdated(two);
    expect(isReady(changed)).toBe(false);
    const half = at(changed, 0, { stage: fine({ losses: ['Subtitles.'] }), stale: false });
    expect(isReady(half)).toBe(false);
    expect(isReady(at(half, 1, { stage: no, stale: false }))).toBe(true);
    expect(isReady(at(half, 1, { stage: { is: 'left_out' } }))).toBe(true);
    // What never arrived is not looked at, and not waited for.
    expect(outdated(items(['notes.json', 'a'])).map(({ stale }) => stale)).toEqual([false, false]);
  });

  it('takes no file of settings for a film', () => {
    const named = (...names: string[]) => isSettings(names.map((name) => ({ name })));
    expect([named('config.json'), named('CONFIG.JSON'), named('json.mkv'), named('config.json', 'a.mkv'), named()]).toEqual([true, true, false, false, false]);
    const mixed = items(['config.json', 'a.mkv']);
    expect(mixed.map((item) => item.stage.is)).toEqual(['refused', 'handing']);
    expect(startable(at(mixed, 1, { path: '/a.mkv', stage: fine() }))).toEqual(['/a.mkv']);
  });

  it('starts what can be started', () => expect(startable(two)).toEqual(['/a']));

  it('knows what would be lost', () => {
    expect(wouldLose(two)).toBe(false);
    expect(wouldLose(at(two, 0, { stage: fine({ losses: ['Subtitles.'] }) }))).toBe(true);
  });

  it('keeps what was not taken, with the reason', () => {
    const both = at(two, 1, { stage: fine() });
    const rest = leftOver(both, [{ path: '/a', job: 1, error: null }, { path: '/b', job: null, error }]);
    expect(rest.map((item) => [item.name, item.stage])).toEqual([['b', no]]);
    expect(leftOver(two, [{ path: '/a', job: 1, error: null }])).toEqual([]);
    // By its path, not by its place; and one that was dropped twice is refused once.
    expect(leftOver(both, [{ path: '/b', job: null, error }, { path: '/a', job: 1, error: null }]).map((item) => item.name)).toEqual(['b']);
    const twice = at(both, 1, { path: '/a' });
    expect(leftOver(twice, [{ path: '/a', job: 1, error: null }, { path: '/a', job: null, error }]).map((item) => item.name)).toEqual(['b']);
  });
});
