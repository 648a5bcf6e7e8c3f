/** States in the words of the screen. */
import type { Away, Choice, Computer, ComputerId, Here, Job, Purpose } from '../generated/api';
import { isUnderWay } from '../state/away';
import { isChanged } from '../state/filters';
import { t } from '../words/words.svelte';
import { ago, part } from './numbers';

export const PURPOSES: readonly Purpose[] = ['everywhere', 'smaller', 'smallest', 'keep'];

export const CODECS = { h264: 'H.264', hevc: 'HEVC', av1: 'AV1' } as const;

export function purposeDetail(purpose: Purpose): string {
  const words = t().purpose;
  const details = { everywhere: words.everywhereDetail, smaller: words.smallerDetail, smallest: words.smallestDetail, keep: words.keepDetail };
  return details[purpose];
}

/** A choice in a few words: `Smaller`, `Smaller, AV1, 28`. */
export function choiceWords(choice: Choice): string {
  const { codec, quality } = choice;
  return [t().purpose[choice.purpose], codec && CODECS[codec], quality, isChanged(choice) && t().picture.changed].filter((word) => word !== null && word !== '' && word !== false).join(', ');
}

/** Where a film is that another computer works on, and how far. */
export function awayWords({ step, name, moved, of }: Away): string {
  const words = t().away;
  const so_far = moved > 0 || of > 0 ? part(moved, of) : null;
  switch (step) {
    case 'sending':
    case 'fetching':
      return so_far === null ? words[step](name) : words.counted(words[step](name), so_far);
    case 'checking':
      return words.checking;
    default:
      return words[step](name);
  }
}

/** Whose a video is, where it is not all this computer's: "sent to NAS", "from Laptop"; with the names of the computers, by their ids. */
export function whoseWords({ away, choice: { on }, sent_by }: Job, names: ReadonlyMap<ComputerId, string>): string {
  // Once it is over, only the choice knows where it was: by name, or by an id.
  const owner = away?.name ?? (on === null ? null : (names.get(on.computer) ?? called(on.computer.length < 64 ? on.computer : '', on.computer)));
  if (owner !== null) return t().away.sentTo(owner);
  return sent_by === null ? '' : t().away.from(sent_by);
}

export function jobWords(job: Job): string {
  const { state, place, hands, away } = job;
  const words = t().job;
  if (away !== null && isUnderWay(job)) return awayWords(away);
  switch (state.is) {
    case 'processing':
      // Another was moved before it, and everybody is at that one.
      return (place ?? 0) > 0 && hands.every((hand) => hand.working === 0) ? words.queued : words.processing;
    case 'waiting_for_peers':
      return state.wanted === 0 ? words.nobody : words.waitingFor(state.present, state.wanted);
    case 'paused':
      return state.reason ? words.pausedFor(state.reason) : words.paused;
    default:
      return words[state.is];
  }
}

/** A computer's name, or what there is to say of one that hides it until it is paired. */
export function called(name: string, id: ComputerId): string {
  return name || t().computer.unnamed(id.slice(0, 4));
}

/** What a paired computer and this one may ask of each other, in a few words. */
export function rightsWords({ helps_us, we_help, lets_us }: Computer): string {
  const words = t().computer.rights;
  if (helps_us && lets_us !== false) return we_help ? words.both : words.onlyWe;
  return we_help ? words.onlyIt : words.neither;
}

export function computerWords({ status, last_seen_ms, helps_us, lets_us }: Computer, now: number): string {
  const words = t().computer;
  if (status.is === 'ready' && !helps_us) return words.notAsked;
  switch (status.is) {
    case 'offline':
      return last_seen_ms === null ? words.offline : words.offlineSince(ago(last_seen_ms, now));
    case 'other_identity':
      return words.otherIdentity;
    case 'not_helping':
      return lets_us === false ? words.notLetting : words.notHelping;
    case 'working':
      return words.working(status.segments);
    case 'paused':
      return words.paused(status.reason);
    case 'set_aside':
      return words.setAside(status.reason);
    default:
      return words[status.is];
  }
}

/** The one sentence of the first screen. */
export function readyWords({ here }: { here: Here }): string {
  const words = t().drop;
  switch (here.ffmpeg.is) {
    case 'looking':
      return words.gettingReady;
    case 'missing':
      return words.notReady;
    case 'found':
      return words.ready(here.ready + 1);
  }
}
