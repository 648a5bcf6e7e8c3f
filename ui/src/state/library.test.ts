import { describe, expect, it } from 'vitest';
import type { LibraryFile, LibraryRules, WatchedFolder } from '../generated/api';
import { DEFAULT_CHOICE } from '../generated/api';
import { counted, folderDrafted, folderSettled, idsOf, inBatches, inSight, newFolder, newRule, PAGE, shifted, stillWatched, withFolder } from './library';

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
    Object.assign(draft.rules[0] ?? {}, { min_gb: '1,5', max_gb: '2 TB', older_days: ' 30 ', names: ' *.avi ,, *.mpg', least_saving: '7 %', max_height: '' });
    expect(folderSettled(draft).rules[0]).toMatchObject({ least_saving: 7, take: { min_bytes: 1_500_000_000, max_bytes: 2e12, older_than_h: 720, names: ['*.avi', '*.mpg'], max_height: null } });
  });

  it('are refused where a number is not understood', () => {
    for (const wrong of [{ least_saving: 'much' }, { max_height: '-3' }, { min_gb: '2 TiB' }, { newer_days: '30 days' }]) {
      const draft = newFolder('/films', 'Films');
      Object.assign(draft.rules[0] ?? {}, wrong);
      expect(() => folderSettled(draft), JSON.stringify(wrong)).toThrow('not a number');
    }
    expect(() => folderSettled({ ...newFolder('/films', 'Films'), every_min: 'hourly' })).toThrow('not a number');
  });

  it('are told apart whatever becomes of the others', () => {
    const rules = folderDrafted({ ...folder, rules: [...folder.rules, ...folder.rules] }).rules;
    expect(rules.map((one) => one.id)).toEqual([0, 1]);
    expect(newRule('Old', rules.slice(1)).id).toBe(2);
  });

  it('are kept only where they still are what was opened', () => {
    const rules: LibraryRules = { hours: [], folders: [folder] };
    const next = { ...folder, off: true };
    expect(withFolder(rules, next, folder).folders).toEqual([next]);
    expect(withFolder(rules, { ...folder, path: '/new' }, null).folders.map(({ path }) => path)).toEqual(['/films', '/new']);
    expect(() => withFolder({ ...rules, folders: [{ ...folder, every_min: 5 }] }, next, folder)).toThrow('changed elsewhere');
    expect(() => withFolder({ ...rules, folders: [] }, next, folder)).toThrow('changed elsewhere');
    expect(() => withFolder(rules, next, null)).toThrow('changed elsewhere');
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

  it('is tried again in batches, each film once', async () => {
    const filter = { state: 'failed' as const, folder: null, rule: null, text: null };
    const asked: [number, number][] = [];
    const ids = await idsOf(filter, async ({ offset, most }) => {
      asked.push([offset, most]);
      // A film that came in meanwhile moves the others on by one.
      const from = Math.max(0, offset - 1);
      return { total: 1200, files: Array.from({ length: Math.min(most, 1200 - from) }, (_, n) => ({ id: from + n }) as LibraryFile) };
    });
    expect(asked).toEqual([[0, 500], [500, 500], [1000, 500]]);
    expect(ids).toHaveLength(1200);
    const taken: number[][] = [];
    expect(await inBatches(ids, async (some) => taken.push(some) && some.length)).toBe(1200);
    expect(taken.map((some) => some.length)).toEqual([500, 500, 200]);
    expect(await inBatches([], async () => 1)).toBe(0);
  });

  it('is counted over all folders', () => {
    const of = (films: number) => ({ path: '/a', trouble: null, notes: [], scanned_ms: null, watched: true, counts: [{ state: 'done' as const, films, bytes: 10 }], done_bytes: 0, result_bytes: 0 });
    expect(counted([of(2), of(3)], 'done')).toEqual({ films: 5, bytes: 20 });
    expect(counted([of(2)], 'left')).toEqual({ films: 0, bytes: 0 });
  });

  it('is of the chosen folder only as long as that is watched', () => {
    const folders = [{ path: { hex: '2f66ff' }, trouble: null, notes: [], scanned_ms: null, watched: true, counts: [], done_bytes: 0, result_bytes: 0 }];
    const chosen = { hex: '2f66ff' };
    // The same object: the list begins anew with another one.
    expect(stillWatched(folders, chosen)).toBe(chosen);
    expect([stillWatched(folders, '/films'), stillWatched([], chosen), stillWatched(folders, null)]).toEqual([null, null, null]);
  });
});
