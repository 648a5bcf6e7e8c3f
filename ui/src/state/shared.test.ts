import { describe, expect, it } from 'vitest';
import type { Shared } from '../generated/api';
import { paired, withFolder, withoutFolder, withoutPair, withPair } from './shared';

const none: Shared = { read: true, folders: [], paths: [] };
const odd = { hex: '2f66ff' };

describe('storage that several computers see', () => {
  it('has each folder once', () => {
    const two = withFolder(withFolder(none, '/mnt/nas'), odd);
    expect(two.folders).toEqual(['/mnt/nas', odd]);
    expect(withFolder(two, { ...odd })).toBe(two);
    expect(withoutFolder(two, odd).folders).toEqual(['/mnt/nas']);
    expect(none.folders).toEqual([]);
  });

  it('knows a folder of others by one name here', () => {
    const one = withPair(none, { theirs: 'Z:\\films', here: '/mnt/nas' });
    const other = withPair(withPair(one, { theirs: '/volume1', here: odd }), { theirs: 'Z:\\films', here: '/mnt/films' });
    expect(other.paths).toEqual([{ theirs: '/volume1', here: odd }, { theirs: 'Z:\\films', here: '/mnt/films' }]);
    expect(withoutPair(other, '/volume1').paths.length).toBe(1);
    expect(other.read).toBe(true);
  });

  it('takes a pair once both are there, and a picked path as it is', () => {
    expect(paired(' ', '/mnt', null)).toBeNull();
    expect(paired('Z:', ' ', odd)).toBeNull();
    expect(paired(' Z: ', ' /mnt ', null)).toEqual({ theirs: 'Z:', here: '/mnt' });
    expect(paired('Z:', new TextDecoder().decode(Uint8Array.of(0x2f, 0x66, 0xff)), odd)).toEqual({ theirs: 'Z:', here: odd });
    expect(paired('Z:', '/mnt/other', odd)).toEqual({ theirs: 'Z:', here: '/mnt/other' });
  });
});
