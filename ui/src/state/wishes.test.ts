import { describe, expect, it } from 'vitest';
import { DEFAULT_CHOICE, type Wishes } from '../generated/api';
import { asFile, fromFile, lasting, merged, preselected, renamed, saved, without } from './wishes';

const none: Wishes = { last: null, presets: [] };
const two = saved(saved(none, 'TV', DEFAULT_CHOICE), ' Archive ', { ...DEFAULT_CHOICE, quality: 18, yes: true, output: '/x.mkv' });

describe('presets', () => {
  it('are saved, renamed and deleted by name', () => {
    expect(two.presets.map((one) => one.name)).toEqual(['TV', 'Archive']);
    expect(saved(two, 'TV', { ...DEFAULT_CHOICE, quality: 20 }).presets.length).toBe(2);
    expect(renamed(two, 'TV', 'Phone').presets.map((one) => one.name)).toEqual(['Phone', 'Archive']);
    expect(() => renamed(two, 'TV', 'Archive')).toThrow('a preset called “Archive” already');
    expect(() => renamed(two, 'TV', ' ')).toThrow('needs a name');
    expect(renamed(two, 'TV', ' TV ')).toBe(two);
    expect(without(two, 'TV').presets.map((one) => one.name)).toEqual(['Archive']);
  });

  it('keep neither an agreement nor the name of one output', () => expect(lasting({ ...DEFAULT_CHOICE, yes: true, output: '/x.mkv', quality: 18 })).toEqual({ ...DEFAULT_CHOICE, quality: 18 }));

  it('may replace videos, but never by themselves the next time', () => {
    const choice = { ...DEFAULT_CHOICE, place: { is: 'in_place' as const, keep: null } };
    expect(lasting(choice).place).toEqual(choice.place);
    expect(preselected(choice)).toEqual(DEFAULT_CHOICE);
    expect(fromFile(asFile(saved(none, 'A', choice)))).toEqual([{ name: 'A', choice: DEFAULT_CHOICE }]);
  });

  it('come back from their file as they went', () => {
    expect(fromFile(asFile(two))).toEqual(two.presets);
    expect(merged(none, fromFile(asFile(two)) ?? [])).toEqual(two);
  });

  it('of a file are read with suspicion', () => {
    for (const text of ['', '{}', '[]', '{"kind":"manyhands-presets","presets":[]}', '{"kind":"other","presets":[{"name":"a","choice":{}}]}']) expect(fromFile(text), text).toBeNull();
    const odd = { kind: 'manyhands-presets', presets: [{ name: 'A', choice: { codec: 'vp9', quality: 1e9, audio_kbps: '96', speed: 'slow', yes: true, out_dir: '/etc', wait_for: 99, on: { computer: 'NAS' } } }, { name: 7 }, null] };
    expect(fromFile(JSON.stringify(odd))).toEqual([{ name: 'A', choice: { ...DEFAULT_CHOICE, speed: 'slow' } }]);
  });
});
