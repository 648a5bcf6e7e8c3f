/** Files on their way to becoming jobs: handed over, looked at, agreed to. Pure. */
import type { ApiError, Facts, FilePath, Inspection, Outlook, Submitted } from '../generated/api';
import { t } from '../words/words.svelte';
import { isSame } from './typed';

export interface Item {
  name: string;
  /** Where the node finds it, once it has it. */
  path: FilePath | null;
  stage: Stage;
  /** What would come of it; `null` while that is not known. */
  outlook: Outlook | null;
  /** What is known of it was found for another choice: it is being looked at anew. */
  stale: boolean;
}

export type Stage =
  /** Being uploaded: share from 0 to 1. */
  | { is: 'handing'; share: number }
  /** Being looked at. */
  | { is: 'looking' }
  | { is: 'fine'; facts: Facts }
  | { is: 'refused'; message: string; help: string }
  /** The user does not want it after all. */
  | { is: 'left_out' };

/** What no film is called: files of settings. */
const SETTINGS = /\.json$/i;

/** One file of settings, by itself: nothing that could become a job. */
export function isSettings(files: readonly { name: string }[]): boolean {
  return files.length === 1 && SETTINGS.test(files[0]?.name ?? '');
}

/** A file of settings among films is refused before it is handed over. */
export function items(names: string[]): Item[] {
  const stage = (name: string): Stage => (SETTINGS.test(name) ? { is: 'refused', message: t().offer.noVideo(name), help: t().offer.dropAlone } : { is: 'handing', share: 0 });
  return names.map((name) => ({ name, path: null, stage: stage(name), outlook: null, stale: false }));
}

/** The items with one of them changed. One that was left out stays so, whatever is still heard of it. */
export function at(all: readonly Item[], place: number, change: Partial<Item>): Item[] {
  return all.map((item, index) => (index === place && item.stage.is !== 'left_out' ? { ...item, ...change } : item));
}

/** The items after the choice has changed: what the node has of them has to be looked at anew. */
export function outdated(all: readonly Item[]): Item[] {
  return all.map((item) => (item.path !== null && item.stage.is !== 'left_out' ? { ...item, stale: true } : item));
}

export function refused(error: Pick<ApiError, 'message' | 'help'>): Stage {
  return { is: 'refused', message: error.message, help: error.help };
}

export function looked({ result }: Inspection): Stage {
  return result.is === 'fine' ? { is: 'fine', facts: result } : refused(result.error);
}

/** The paths that can be started. */
export function startable(all: readonly Item[]): FilePath[] {
  return all.flatMap((item) => (item.stage.is === 'fine' && item.path !== null ? [item.path] : []));
}

/** Bytes of all that would be started. */
export function sizeNow(all: readonly Item[]): number {
  return all.reduce((sum, item) => sum + (item.stage.is === 'fine' ? item.stage.facts.bytes : 0), 0);
}

/** Everything is known, for the choice as it is, and something can be started: nobody agrees to losses that are not shown yet. */
export function isReady(all: readonly Item[]): boolean {
  const known = all.every(({ stage, stale }) => stage.is === 'left_out' || (!stale && (stage.is === 'fine' || stage.is === 'refused')));
  return known && startable(all).length > 0;
}

/** Something would be lost, so that starting is agreeing. */
export function wouldLose(all: readonly Item[]): boolean {
  return all.some((item) => item.stage.is === 'fine' && item.stage.facts.losses.length > 0);
}

/** What is left after a start: the files that were not taken, each with the reason. One that was started twice has two lines, one after the other. */
export function leftOver(all: readonly Item[], lines: readonly Submitted[]): Item[] {
  const rest = [...lines];
  return all.flatMap((item) => {
    if (item.stage.is !== 'fine') return [];
    const place = rest.findIndex((line) => isSame(line.path, item.path));
    const [line] = place < 0 ? [] : rest.splice(place, 1);
    return line?.error ? [{ ...item, stage: refused(line.error) }] : [];
  });
}
