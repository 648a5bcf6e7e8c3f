import { describe, expect, it } from 'vitest';
import { DEFAULT_CHOICE } from '../generated/api';
import { isChanged, part, readFilters } from './filters';

describe('what is changed about the picture', () => {
  it('keeps numbers even and in range', () => {
    const area = { width: 1920, height: 800, left: 0, top: 140 };
    expect(part(area, 'top', 139)).toEqual({ ...area, top: 140 });
    expect(part(area, 'width', 3)).toEqual({ ...area, width: 16 });
    expect(part(area, 'left', -8)).toEqual(area);
    expect(part(area, 'height', Number.NaN)).toEqual(area);
  });

  it('reads what it understands and nothing else', () => {
    expect(readFilters(undefined)).toEqual(DEFAULT_CHOICE.filters);
    const wrong = { height: 15, crop: { to: { width: 17, height: 16, left: 0, top: 0 } }, rotate: '45', denoise: 'hqdn3d', grain: 99, vf: 'null' };
    expect(readFilters(wrong)).toEqual(DEFAULT_CHOICE.filters);
    const right = { ...DEFAULT_CHOICE.filters, height: 720, crop: 'auto', rotate: '90', grain: 8, sdr: true };
    expect(readFilters(right)).toEqual(right);
  });

  it('knows whether there is a change', () => {
    expect(isChanged(DEFAULT_CHOICE)).toBe(false);
    expect(isChanged({ ...DEFAULT_CHOICE, filters: { ...DEFAULT_CHOICE.filters, deblock: true } })).toBe(true);
  });
});
