import { describe, expect, it } from 'vitest';
import type { HelpRules } from '../generated/api';
import { helpSettled, helpTyped, hoursSettled, newHours, toggled } from './helping';
import { draftOf } from './typed';

const rules: HelpRules = {
  mode: 'only_when_idle',
  hours: [
    { days: ['mon', 'fri'], from_min: 1320, to_min: 360 },
    { days: ['sat', 'sun'], from_min: 0, to_min: 1440 },
  ],
  programs: ['obs', 'Blender'],
  keep_free: 50_000_000_000,
};

const drafted = () => draftOf(helpTyped(rules));

describe('what is set about helping', () => {
  it('comes back as it went', () => {
    expect(helpSettled(rules, drafted())).toEqual(rules);
    expect(drafted()).toMatchObject({ programs: 'obs, Blender', keep_free: '50', hours: [{ from: '22:00', to: '06:00' }, { from: '00:00', to: '00:00' }] });
  });

  it('is read as people type', () => {
    const typed = { ...drafted(), programs: ' obs ,, zoom', keep_free: '1,5', hours: [newHours()] };
    expect(helpSettled(rules, typed)).toEqual({ mode: 'only_when_idle', hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from_min: 1320, to_min: 360 }], programs: ['obs', 'zoom'], keep_free: 1_500_000_000 });
    expect(helpSettled(rules, { ...typed, keep_free: '' }).keep_free).toBeNull();
    expect(helpSettled(rules, { ...typed, keep_free: '2 TB' }).keep_free).toBe(2e12);
    expect(() => helpSettled(rules, { ...typed, keep_free: 'much' })).toThrow('not a number');
  });

  it('sets nothing back that somebody else has set since', () => {
    const now: HelpRules = { ...rules, mode: 'all_in', programs: [], keep_free: null };
    expect(helpSettled(now, drafted())).toEqual(now);
    expect(helpSettled(now, { ...drafted(), programs: 'zoom' })).toEqual({ ...now, programs: ['zoom'] });
  });

  it('never becomes "always" for a line that says nothing', () => {
    expect(() => hoursSettled([newHours(), { ...newHours(), days: [] }])).toThrow('Hours 2 have no day.');
    expect(() => hoursSettled([{ ...newHours(), to: '' }])).toThrow('Hours 1 have no beginning or no end.');
    expect(hoursSettled([])).toEqual([]);
  });

  it('has its days in the order of the week', () => {
    expect(toggled(['fri', 'mon'], 'wed')).toEqual(['mon', 'wed', 'fri']);
    expect(toggled(['mon', 'wed'], 'wed')).toEqual(['mon']);
  });
});
