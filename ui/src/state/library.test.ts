import { describe, expect, it } from 'vitest';
import type { WatchedFolder } from '../generated/api';
import { DEFAULT_CHOICE } from '../generated/api';
import { counted, folderDrafted, folderSettled, inSight, newFolder, newRule, PAGE, shifted } from './library';

const folder: WatchedFolder = {
  path: '/films',
  off: false,
  on_change: true,
  every_min: 30,
  stable_s: 90,
  rules: [
    {
      name: 'Old',
      off: false,
      leave: false,
      make: DEFAULT_CHOICE,
      least_saving: 10,
      take: { names: ['*.avi', 'series/*'], not_names: [], min_bytes: 1_500_000_000, max_bytes: null, older_than_h: 720, newer_than_h: null, min_height: 480, max_height: null, codecs: ['mpeg4'], not_codecs: [], right_codec_too: false },
    },
  ],
};

describe('rules as they are typed', () => {
  it('come back as they were', () => expect(folderSettled(folderDrafted(folder))).toEqual(folder));

  it('take what people type', () => {
    const draft = newFolder('/films', 'Films');
    Object.assign(draft.rules[0] ?? {}, { min_gb: '1,5', older_days: ' 30 ', names: ' *.avi ,, *.mpg', least_saving: 'much', max_height: '-3' });
    expect(folderSettled(draft).rules[0]).toMatchObject({ least_saving: 5, take: { min_bytes: 1_500_000_000, older_than_h: 720, names: ['*.avi', '*.mpg'], max_height: null } });
  });

  it('have names of their own', () => {
    const one = newRule('Films', []);
    expect(newRule('Films', [one]).name).toBe('Films 2');
    expect(newRule('Films', [one, newRule('Films', [one])]).name).toBe('Films 3');
  });

  it('are moved by one place and never out', () => {
    expect(shifted(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
    expect(shifted(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
  });
});

describe('a long list', () => {
  it('draws what is in sight and a little more', () => {
    expect(inSight(0, 600, 60, 100_000)).toEqual({ from: 0, to: 16, pages: [0] });
    const middle = inSight(60 * 50_000, 600, 60, 100_000);
    expect(middle).toMatchObject({ from: 49_994, to: 50_016, pages: [499, 500] });
    expect(inSight(60 * 100_000, 600, 60, 100_000).to).toBe(100_000);
    expect(inSight(500, 600, 60, 0)).toEqual({ from: 0, to: 0, pages: [] });
    expect(PAGE).toBeLessThanOrEqual(500);
  });

  it('is counted over all folders', () => {
    const of = (films: number) => ({ path: '/a', trouble: null, notes: [], scanned_ms: null, watched: true, counts: [{ state: 'done' as const, films, bytes: 10 }], done_bytes: 0, result_bytes: 0 });
    expect(counted([of(2), of(3)], 'done')).toEqual({ films: 5, bytes: 20 });
    expect(counted([of(2)], 'left')).toEqual({ films: 0, bytes: 0 });
  });
});
