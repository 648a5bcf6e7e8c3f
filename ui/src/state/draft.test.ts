import { describe, expect, it } from 'vitest';
import type { Settings } from '../generated/api';
import { later, settled, typedOf } from './draft';
import { draftOf } from './typed';

const usual: Settings = { name: 'Studio', hide_name: false, donating: true, donate_cores: 4, helping: { mode: 'polite', hours: [], programs: [], keep_free: null }, ffmpeg: null, purpose: 'smaller', temp: null, temp_limit: null, bandwidth: null, port: null, web_port: null, replace: { testing_mode: false, keep: { days: 30 } }, library: { hours: [], folders: [] }, whole_films: true, shared: { read: true, folders: [], paths: [] } };

const drafted = (settings: Settings) => draftOf(typedOf(settings));

describe('settings as they are typed', () => {
  it('come back as they went', () => {
    const set: Settings = { ...usual, hide_name: true, ffmpeg: { hex: '2f66ff' }, temp: '/fast', temp_limit: 50_000_000_000, bandwidth: 12_500_000, port: 47821, web_port: 8091 };
    for (const settings of [usual, set]) expect(settled(settings, drafted(settings))).toEqual(settings);
    expect(drafted(set)).toMatchObject({ temp_limit: '50', bandwidth: '12.5' });
  });

  it('are read as people type', () => {
    const typed = { ...drafted(usual), name: ' Attic ', temp: ' /fast ', temp_limit: '1,5', bandwidth: ' 20 ', port: '', ffmpeg: ' ' };
    expect(settled(usual, typed)).toEqual({ ...usual, name: 'Attic', temp: '/fast', temp_limit: 1_500_000_000, bandwidth: 20_000_000 });
  });

  it('set nothing back that somebody else has set since', () => {
    const now: Settings = { ...usual, bandwidth: 5_000_000, temp: '/fast', ffmpeg: { hex: '2f66ff' }, web_port: 9000 };
    expect(settled(now, { ...drafted(usual), name: 'Attic' })).toEqual({ ...now, name: 'Attic' });
    expect(settled(now, { ...drafted(now), bandwidth: '' })).toEqual({ ...now, bandwidth: null });
  });

  it('are numbers, or are refused: no limit is only what is empty', () => {
    for (const wrong of ['abc', '500 Mbit', '-1', '1.000.000', '5,', '0x10', 'Infinity', 'MB']) expect(() => settled(usual, { ...drafted(usual), bandwidth: wrong })).toThrow('not a number');
    for (const wrong of ['8091 MB', '80 91']) expect(() => settled(usual, { ...drafted(usual), port: wrong })).toThrow('not a number');
  });

  it('may have their unit behind them', () => {
    expect(settled(usual, { ...drafted(usual), temp_limit: '2 TB', bandwidth: '500 kB' })).toMatchObject({ temp_limit: 2_000_000_000_000, bandwidth: 500_000 });
  });

  it('say what waits for the next start', () => {
    expect(later(usual, { ...usual, temp: '/fast', bandwidth: 1 })).toBe(false);
    expect(later(usual, { ...usual, port: 9000 })).toBe(true);
    expect(later({ ...usual, ffmpeg: { hex: 'ff' } }, { ...usual, ffmpeg: { hex: 'ff' } })).toBe(false);
  });
});
