/** The library: rules as they are typed, and which rows of a long list are in sight. Pure. */
import type { Choice, FilePath, LibraryFilter, LibraryFolder, LibraryPage, LibraryRule, LibraryRules, LibraryState, WatchedFolder } from '../generated/api';
import { DEFAULT_CHOICE } from '../generated/api';
import { Refused, shown } from '../host/types';
import { t } from '../words/words.svelte';
import { isSame, numberOf, PERCENT, SIZES, textOf } from './typed';

export const STATES: readonly LibraryState[] = ['in_work', 'waiting', 'done', 'not_worthwhile', 'failed', 'left'];

/** A rule as it is typed: text until it is saved. */
export interface RuleDraft {
  /** What it is told apart by while others are added, moved and removed. */
  id: number;
  name: string;
  off: boolean;
  leave: boolean;
  make: Choice;
  /** Percent. */
  least_saving: string;
  /** With commas between them. */
  names: string;
  not_names: string;
  codecs: string;
  not_codecs: string;
  /** GB, or with their unit. */
  min_gb: string;
  max_gb: string;
  /** Days. */
  older_days: string;
  newer_days: string;
  /** Lines; empty: any. */
  min_height: string;
  max_height: string;
  right_codec_too: boolean;
}

export interface FolderDraft {
  path: FilePath;
  off: boolean;
  on_change: boolean;
  /** Minutes. */
  every_min: string;
  /** Seconds. */
  stable_s: string;
  rules: RuleDraft[];
}

const GB = 1e9;
const DAY = 24;

/** A folder that is new: everything in it that is not in the wanted codec already is made smaller. */
export function newFolder(path: FilePath, rule: string): FolderDraft {
  return { path, off: false, on_change: true, every_min: '60', stable_s: '60', rules: [newRule(rule, [])] };
}

/** A rule that takes everything, called as no other is. */
export function newRule(name: string, others: readonly RuleDraft[]): RuleDraft {
  const free = (n: number): string => {
    const candidate = n === 1 ? name : `${name} ${n}`;
    return others.some((one) => one.name === candidate) ? free(n + 1) : candidate;
  };
  const id = Math.max(-1, ...others.map((one) => one.id)) + 1;
  return { id, name: free(1), off: false, leave: false, make: { ...DEFAULT_CHOICE }, least_saving: '5', names: '', not_names: '', codecs: '', not_codecs: '', min_gb: '', max_gb: '', older_days: '', newer_days: '', min_height: '', max_height: '', right_codec_too: false };
}

export function folderDrafted(folder: WatchedFolder): FolderDraft {
  return { path: folder.path, off: folder.off, on_change: folder.on_change, every_min: String(folder.every_min), stable_s: String(folder.stable_s), rules: folder.rules.map(ruleDrafted) };
}

function ruleDrafted(rule: LibraryRule, id: number): RuleDraft {
  const { take } = rule;
  return {
    id,
    name: rule.name,
    off: rule.off,
    leave: rule.leave,
    make: rule.make,
    least_saving: String(rule.least_saving),
    names: take.names.join(', '),
    not_names: take.not_names.join(', '),
    codecs: take.codecs.join(', '),
    not_codecs: take.not_codecs.join(', '),
    min_gb: textOf(take.min_bytes, GB),
    max_gb: textOf(take.max_bytes, GB),
    older_days: textOf(take.older_than_h, DAY),
    newer_days: textOf(take.newer_than_h, DAY),
    min_height: textOf(take.min_height),
    max_height: textOf(take.max_height),
    right_codec_too: take.right_codec_too,
  };
}

/** What was typed. Throws a `Refused` where a number is not understood. */
export function folderSettled(draft: FolderDraft): WatchedFolder {
  return { path: draft.path, off: draft.off, on_change: draft.on_change, every_min: numberOf(draft.every_min) ?? 60, stable_s: numberOf(draft.stable_s) ?? 60, rules: draft.rules.map(ruleSettled) };
}

export function folderOf(rules: LibraryRules, path: FilePath): WatchedFolder | null {
  return rules.folders.find((one) => shown(one.path) === shown(path)) ?? null;
}

/** The rules with this folder as it was made of `opened`; `null` where it was not watched then. Throws a `Refused` where it is another one now: what was set elsewhere must not be lost. */
export function withFolder(rules: LibraryRules, folder: WatchedFolder, opened: WatchedFolder | null): LibraryRules {
  const now = folderOf(rules, folder.path);
  if (!isSame(now, opened)) throw new Refused('bad_request', t().typed.changed, t().typed.changedHelp);
  return { ...rules, folders: now === null ? [...rules.folders, folder] : rules.folders.map((one) => (one === now ? folder : one)) };
}

/** The folder that was chosen, as long as it is on the list; none where it is not. */
export function stillWatched(folders: readonly LibraryFolder[], chosen: FilePath | null): FilePath | null {
  return chosen !== null && folders.some((one) => shown(one.path) === shown(chosen)) ? chosen : null;
}

function ruleSettled(draft: RuleDraft): LibraryRule {
  return {
    name: draft.name.trim(),
    off: draft.off,
    leave: draft.leave,
    // An output's name, waiting for others and the like have no place in a rule.
    make: { ...draft.make, output: null, wait_for: 0, keep_temp: false },
    least_saving: Math.min(255, numberOf(draft.least_saving, 1, PERCENT) ?? 5),
    take: {
      names: listed(draft.names),
      not_names: listed(draft.not_names),
      codecs: listed(draft.codecs),
      not_codecs: listed(draft.not_codecs),
      min_bytes: numberOf(draft.min_gb, GB, SIZES),
      max_bytes: numberOf(draft.max_gb, GB, SIZES),
      older_than_h: numberOf(draft.older_days, DAY),
      newer_than_h: numberOf(draft.newer_days, DAY),
      min_height: numberOf(draft.min_height),
      max_height: numberOf(draft.max_height),
      right_codec_too: draft.right_codec_too,
    },
  };
}

function listed(text: string): string[] {
  return text.split(',').map((one) => one.trim()).filter((one) => one !== '');
}

/** The list with one of its entries moved one place up or down. */
export function shifted<T>(list: readonly T[], at: number, by: -1 | 1): T[] {
  const to = at + by;
  if (to < 0 || to >= list.length) return [...list];
  const next = [...list];
  [next[at], next[to]] = [next[to] as T, next[at] as T];
  return next;
}

/** Films of one state, in all folders or in one. */
export function counted(folders: readonly LibraryFolder[], state: LibraryState): { films: number; bytes: number } {
  const counts = folders.flatMap((folder) => folder.counts.filter((one) => one.state === state));
  return counts.reduce((sum, one) => ({ films: sum.films + one.films, bytes: sum.bytes + one.bytes }), { films: 0, bytes: 0 });
}

/** Films that are asked for, or tried again, in one go: as many as a node tells at once. */
const BATCH = 500;

/** The numbers of all films of a list, batch by batch. */
export async function idsOf(filter: LibraryFilter, ask: (args: { filter: LibraryFilter; offset: number; most: number }) => Promise<LibraryPage>): Promise<number[]> {
  const ids = new Set<number>();
  for (let offset = 0; ; offset += BATCH) {
    const { total, files } = await ask({ filter, offset, most: BATCH });
    for (const { id } of files) ids.add(id);
    if (files.length === 0 || offset + BATCH >= total) return [...ids];
  }
}

/** Hands them on, batch by batch, and adds up how many were taken. */
export async function inBatches(ids: readonly number[], take: (some: number[]) => Promise<number>): Promise<number> {
  let taken = 0;
  for (let from = 0; from < ids.length; from += BATCH) taken += await take(ids.slice(from, from + BATCH));
  return taken;
}

/** Rows of one page of the list. */
export const PAGE = 100;
/** Rows beyond the edge that are drawn all the same. */
const BEYOND = 6;

export interface Window {
  /** The first row that is drawn, and the one behind the last. */
  from: number;
  to: number;
  /** The pages that hold them. */
  pages: number[];
}

/** Which rows of `total` are in sight, each `row` pixels high. */
export function inSight(top: number, height: number, row: number, total: number): Window {
  const from = Math.max(0, Math.min(total, Math.floor(top / row) - BEYOND));
  const to = Math.max(from, Math.min(total, Math.ceil((top + height) / row) + BEYOND));
  const first = Math.floor(from / PAGE);
  const last = Math.floor(Math.max(from, to - 1) / PAGE);
  return { from, to, pages: total === 0 ? [] : Array.from({ length: last - first + 1 }, (_, n) => first + n) };
}
