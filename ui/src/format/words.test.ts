import { describe, expect, it } from 'vitest';
import { computer } from '../host/script';
import { called, computerWords, rightsWords } from './words';

describe('how two computers stand to each other', () => {
  it('is what both have set', () => {
    const words = (helps_us: boolean, we_help: boolean, lets_us: boolean | null = null) => rightsWords(computer('Loft', { helps_us, we_help, lets_us }));
    expect(words(true, true)).toBe('Each may use the other');
    expect(words(true, true, false)).toBe('It may use this computer');
    expect(words(true, false)).toBe('This computer may use it');
    expect(words(true, false, false)).toBe('Neither may use the other');
    expect(words(false, false, true)).toBe('Neither may use the other');
  });

  it('is told by its state, and by nothing worse', () => {
    const state = (over: Parameters<typeof computer>[1]) => computerWords(computer('Loft', over), 0);
    expect(state({})).toBe('Ready');
    expect(state({ helps_us: false })).toBe('There, not asked for help');
    expect(state({ status: { is: 'not_helping' } })).toBe('There, but not helping');
    expect(state({ status: { is: 'not_helping' }, lets_us: false })).toBe('There, but no longer helps this computer');
    expect(state({ status: { is: 'other_identity', presented: 'ab' } })).toBe('Its identity changed');
  });

  it('needs a name, or what there is instead', () => {
    expect(called('Loft', '1a2b3c4d')).toBe('Loft');
    expect(called('', '1a2b3c4d')).toBe('A computer (1a2b…)');
  });
});
