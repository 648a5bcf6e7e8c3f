import { describe, expect, it } from 'vitest';
import { DEFAULT_CHOICE } from '../generated/api';
import { BESIDE, daysWith, folderOf, inPlace, intoFolder, intoTree, kept, keepOf, keepWord, nameOf, placeDrafted, placeSettled, where } from './place';

describe('where a result goes', () => {
  const with_ = (to: object | null) => where({ ...DEFAULT_CHOICE, ...to });
  it('is beside the video unless something else is said whole', () => {
    expect(with_({})).toBe('beside');
    expect(with_(intoFolder(' /small '))).toBe('folder');
    expect(with_(intoTree('/media', '/small'))).toBe('tree');
    expect(with_(inPlace(null))).toBe('in_place');
    expect([intoFolder(' '), intoTree('/media', ''), intoTree('', '/small')]).toEqual([null, null, null]);
  });

  it('shows what a choice says, also where that was chosen elsewhere', () => {
    const picked = { ...placeDrafted(BESIDE), picked: 'tree' as const, into: '/small' };
    expect(placeDrafted(BESIDE, picked)).toEqual({ ...picked, picked: 'beside' });
    expect(placeDrafted({ ...BESIDE, out_dir: '/one' }, picked)).toEqual({ picked: 'folder', folder: '/one', from: '', into: '/small' });
    const tree = placeDrafted({ ...BESIDE, place: { is: 'tree', root: '/media', into: '/other' } }, picked);
    expect(tree).toEqual({ picked: 'tree', folder: '', from: '/media', into: '/other' });
    expect(placeSettled(tree, '', null)).toEqual(intoTree('/media', '/other'));
    expect(placeSettled({ ...picked, into: '' }, '/films', null)).toBeNull();
    expect(placeSettled(picked, '/films', null)).toEqual(intoTree('/films', '/small'));
  });

  it('takes the place of what was chosen before', () => {
    expect(inPlace('never')).toEqual({ out_dir: null, place: { is: 'in_place', keep: 'never' } });
    expect(intoFolder('/a')).toEqual({ out_dir: '/a', place: { is: 'beside' } });
  });
});

describe('how long an original is kept', () => {
  it('goes into a word and back', () => {
    for (const keep of [null, 'always', 'never', { days: 30 }] as const) expect(keepOf(keepWord(keep))).toEqual(keep);
    expect(daysWith({ days: 14 })).toEqual([7, 14, 30, 90]);
    expect(daysWith(null)).toEqual([7, 30, 90]);
  });

  it('is for good while things are tried out', () => {
    const set = { testing_mode: false, keep: { days: 30 } };
    expect(kept(null, set)).toEqual({ days: 30 });
    expect(kept('never', set)).toBe('never');
    expect(kept('never', { ...set, testing_mode: true })).toBe('always');
  });
});

it('a path has a folder and a name', () => {
  expect([folderOf('/films/a.mkv'), nameOf('/films/a.mkv')]).toEqual(['/films', 'a.mkv']);
  expect([folderOf('/a.mkv'), nameOf('/a.mkv')]).toEqual(['/', 'a.mkv']);
  expect([folderOf('C:\\films\\a.mkv'), nameOf('C:\\films\\a.mkv')]).toEqual(['C:\\films', 'a.mkv']);
});
