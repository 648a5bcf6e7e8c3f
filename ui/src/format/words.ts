/** States in the words of the screen. Pure. */
import type { Computer, Here, Job, Purpose } from '../generated/api';
import { ago, plural } from './numbers';

export interface PurposeWords {
  purpose: Purpose;
  title: string;
  detail: string;
}

export const PURPOSES: readonly PurposeWords[] = [
  { purpose: 'everywhere', title: 'Plays everywhere', detail: 'H.264 in MP4, for any phone or TV' },
  { purpose: 'smaller', title: 'Smaller', detail: 'HEVC, about half the size' },
  { purpose: 'smallest', title: 'Smallest', detail: 'AV1, takes the longest' },
  { purpose: 'keep', title: 'Keep quality', detail: 'HEVC, no difference to the eye' },
];

export function purposeTitle(purpose: Purpose): string {
  return PURPOSES.find((one) => one.purpose === purpose)?.title ?? purpose;
}

export function jobWords({ state }: Job): string {
  switch (state.is) {
    case 'queued':
      return 'Waiting for its turn';
    case 'waiting_for_peers':
      return state.wanted === 0
        ? 'Waiting for a computer that can encode this'
        : `Waiting for computers: ${state.present} of ${state.wanted} are there`;
    case 'benchmarking':
      return 'Finding out how fast the computers are';
    case 'processing':
      return 'Encoding';
    case 'paused':
      return state.reason ? `Paused: ${state.reason}` : 'Paused';
    case 'combining':
      return 'Joining and checking';
    case 'completed':
      return 'Done';
    case 'failed':
      return 'Failed';
    case 'cancelled':
      return 'Stopped';
  }
}

export function computerWords({ status, last_seen_ms }: Computer, now: number): string {
  switch (status.is) {
    case 'nearby':
      return 'Nearby, not paired';
    case 'offline':
      return last_seen_ms === null ? 'Not there' : `Not there, last seen ${ago(last_seen_ms, now)}`;
    case 'not_helping':
      return 'There, but not helping';
    case 'measuring':
      return 'Finding out how fast it is';
    case 'ready':
      return 'Ready';
    case 'working':
      return `Encoding ${plural(status.segments, 'part')}`;
    case 'paused':
      return `Paused: ${status.reason}`;
    case 'set_aside':
      return `Set aside for a while: ${status.reason}`;
  }
}

/** The one sentence of the first screen. */
export function readyWords({ here }: { here: Here }): string {
  switch (here.ffmpeg.is) {
    case 'looking':
      return 'Getting ready…';
    case 'missing':
      return 'This computer is not ready yet.';
    case 'found':
      return `${plural(here.ready + 1, 'computer')} ready.`;
  }
}
