/** Films that another computer works on for this one: who takes them, where they are, and how far. Pure. */
import type { Away, Choice, Computer, Job } from '../generated/api';
import { isOver, isPaired } from './scene';

/** Computers that take whole films now. */
export function takers(computers: readonly Computer[]): Computer[] {
  return computers.filter((one) => isPaired(one) && one.takes_films);
}

/** Which of them a choice names: by its id, the beginning of it, or its name. */
export function ownerOf({ on }: Pick<Choice, 'on'>, computers: readonly Computer[]): Computer | null {
  if (on === null) return null;
  const named = on.computer.toLowerCase();
  const begins = (one: Computer) => named.length >= 4 && one.id.startsWith(named);
  return computers.find(begins) ?? computers.find((one) => one.name.toLowerCase() === named) ?? null;
}

/** What changes in a choice when that computer is to own the job; `null`: this one. */
export function ownedBy({ on }: Pick<Choice, 'on'>, computer: string | null): Partial<Choice> {
  if (computer === null) return { on: null };
  // Another computer that does the work, and this one alone: the two cannot both be meant.
  return { on: { participate: on?.participate ?? true, leave: on?.leave ?? false, computer }, only_here: false };
}

/** A choice of an earlier time: it stays here if whoever was to own it takes nothing now. */
export function ownedNow(choice: Choice, computers: readonly Computer[]): Choice {
  return ownerOf(choice, takers(computers)) === null ? { ...choice, on: null } : choice;
}

/** What a bar can say of a video. */
export interface Way {
  /** From 0 to 1; `null` where nothing is counted. */
  share: number | null;
  /** Of the work on it; else of its journey to another computer and back. */
  work: boolean;
}

export function wayOf({ away, progress, state }: Job): Way {
  const work = { share: progress, work: true };
  if (away === null) return state.is === 'queued' ? { share: null, work: true } : work;
  if (state.is === 'paused') return work;
  switch (away.step) {
    case 'working':
      return work;
    case 'waiting':
      // It may have gone in the middle of the work.
      return { share: progress > 0 ? progress : null, work: true };
    case 'ready':
      return { share: null, work: false };
    default:
      return { share: away.of > 0 ? Math.min(1, away.moved / away.of) : null, work: false };
  }
}

/** Its result is there to be fetched. */
export function isFetchable({ away, state }: Job): boolean {
  return away?.step === 'ready' && state.is !== 'failed' && state.is !== 'cancelled';
}

/** It is away, and neither held nor over: its step says how it stands. */
export function isUnderWay(job: Job): boolean {
  return job.away !== null && job.state.is !== 'paused' && (!isOver(job) || isFetchable(job));
}
