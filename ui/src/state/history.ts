/** Which videos stand on the first page, which in the history, and what is found there. Pure. */
import { choiceWords, whoseWords } from '../format/words';
import type { ComputerId, Job } from '../generated/api';
import { isFetchable } from './away';
import { isOver } from './scene';

/** What ended longer ago than this is in the history only, ms. */
const RECENT = 12 * 3_600_000;

/** The queue in its order, then what was interrupted, then what ended lately. */
export function current(jobs: readonly Job[], now: number): Job[] {
  const recent = (job: Job) => !isOver(job) || isFetchable(job) || job.finished_ms === null || now - job.finished_ms < RECENT;
  return jobs.filter(recent).sort((a, b) => rank(a) - rank(b) || (isOver(a) ? b.id - a.id : a.id - b.id));
}

/** Everything that is over, the latest first. */
export function past(jobs: readonly Job[]): Job[] {
  return jobs.filter(isOver).sort((a, b) => (b.finished_ms ?? b.created_ms) - (a.finished_ms ?? a.created_ms) || b.id - a.id);
}

/** Those of which name, choice and helpers hold every word that is looked for, whatever its case and accents; `names` are those of the computers. */
export function found(jobs: readonly Job[], search: string, names: ReadonlyMap<ComputerId, string> = new Map()): Job[] {
  const words = plain(search).split(/\s+/).filter(Boolean);
  const about = (job: Job) => plain([job.name, choiceWords(job.choice), whoseWords(job, names), ...job.hands.map((hand) => hand.name)].join(' '));
  return jobs.filter((job) => words.every((word) => about(job).includes(word)));
}

/** Bytes saved by all that was made smaller, and by how many. */
export function savedBytes(jobs: readonly Job[]): { bytes: number; count: number } {
  const saved = jobs.flatMap((job) => (job.state.is === 'completed' && job.original?.state !== 'restored' ? [job.source_bytes - job.state.outcome.bytes] : [])).filter((bytes) => bytes > 0);
  return { bytes: saved.reduce((sum, bytes) => sum + bytes, 0), count: saved.length };
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{Diacritic}/gu, '').toLowerCase();
}

function rank(job: Job): number {
  if (isOver(job)) return Number.MAX_SAFE_INTEGER;
  return job.place ?? Number.MAX_SAFE_INTEGER - 1;
}
