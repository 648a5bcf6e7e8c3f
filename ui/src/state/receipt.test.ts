import { describe, expect, it } from 'vitest';
import { job } from '../host/script';
import { receiptWords } from './receipt';

const outcome = { output: '/o.mkv', receipt: '/r.json', exact: true, verdict: 'Exact.', frames: 146_802, bytes: 1, wall_s: 1 };
const hand = (name: string, segments: number) => ({ computer: name, name, segments, working: 0, frames: 1, speed_fps: null, encoder: null, paused: null, read_there: 0 });

describe('a receipt in words', () => {
  it('says what was proved, and by whom', () => {
    const segment = (decoded_by: string) => ({ packets_identical: true, proof: { decoded_by, compared: [{}, {}] } });
    const receipt = { segments: [segment('owner'), segment('donor'), segment('donor')], file: { carried: [{ same: 'packets' }, { same: 'packets' }, { same: 'text' }] } };
    const film = job(1, 'a.mkv', { hands: [hand('Studio', 1), hand('Attic', 2)], sent_bytes: 2_000_000, received_bytes: 1_000_000 });
    expect(receiptWords(receipt, film, outcome)).toEqual([
      'All 146,802 frames of the video are in the result, in order, each once and at its time.',
      '3 parts: Studio 1, Attic 2.',
      'Every part was decoded whole after it was made: 2 by the computer that made them, 1 here.',
      'The packets of 3 of 3 parts were found again in the result, byte for byte.',
      'At 6 places the picture was compared with the video’s.',
      '2 other tracks: the same packets, byte for byte.',
      '1 other track: the same text.',
      '2.00 MB sent, 1.00 MB came back.',
    ]);
  });

  it('makes up nothing where it does not know', () => {
    for (const receipt of [null, 'x', {}, { segments: 5, file: [] }, { segments: [null] }]) {
      const said = receiptWords(receipt, job(1, 'a.mkv'), { ...outcome, exact: false });
      expect(said[0]).toBe('Not everything could be proved.');
      expect(said.length).toBeLessThanOrEqual(2);
    }
  });
});
