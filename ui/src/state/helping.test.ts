import { describe, expect, it } from 'vitest';
import type { HelpRules } from '../generated/api';
import { helpDrafted, helpSettled, newHours, toggled } from './helping';

const rules: HelpRules = {
  mode: 'only_when_idle',
  hours: [
    { days: ['mon', 'fri'], from_min: 1320, to_min: 360 },
    { days: ['sat', 'sun'], from_min: 0, to_min: 1440 },
  ],
  programs: ['obs', 'Blender'],
  keep_free: 50_000_000_000,
};

describe('what is set about helping', () => {
  it('comes back as it went', () => {
    expect(helpSettled(helpDrafted(rules))).toEqual(rules);
    expect(helpDrafted(rules)).toMatchObject({ programs: 'obs, Blender', keep_free: '50', hours: [{ from: '22:00', to: '06:00' }, { from: '00:00', to: '00:00' }] });
  });

  it('is read as people type', () => {
    const typed = { ...helpDrafted(rules), programs: ' obs ,, zoom', keep_free: '1,5', hours: [{ ...newHours(), days: [] }, { ...newHours(), to: '' }] };
    expect(helpSettled(typed)).toEqual({ mode: 'only_when_idle', hours: [], programs: ['obs', 'zoom'], keep_free: 1_500_000_000 });
    expect(helpSettled({ ...typed, keep_free: '' }).keep_free).toBeNull();
  });

  it('has its days in the order of the week', () => {
    expect(toggled(['fri', 'mon'], 'wed')).toEqual(['mon', 'wed', 'fri']);
    expect(toggled(['mon', 'wed'], 'wed')).toEqual(['mon']);
  });
});
