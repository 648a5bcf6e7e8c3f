/** Where a result goes, as it is chosen on the page. Pure. */
import { DEFAULT_CHOICE, type Choice, type FilePath, type Keep, type Replace } from '../generated/api';
import { shown } from '../host/types';

export type Where = 'beside' | 'folder' | 'tree' | 'in_place';

/** How long an original is kept, as a word of a list: `set`, `always`, `never`, or days. */
export type KeepWord = 'set' | 'always' | 'never' | `${number}`;

export const DAYS = [7, 30, 90] as const;

export function where({ place, out_dir }: Pick<Choice, 'place' | 'out_dir'>): Where {
  return place.is === 'beside' ? (out_dir === null ? 'beside' : 'folder') : place.is;
}

/** Where a result goes as it is picked and typed, which may not be whole yet. */
export interface PlaceDraft {
  picked: Where;
  /** The one folder. */
  folder: string;
  /** The tree that the videos are in, and the other one. */
  from: string;
  into: string;
}

/** What shows the place of a choice; what was typed before stays as a suggestion where the choice says nothing of it. */
export function placeDrafted({ place, out_dir }: Pick<Choice, 'place' | 'out_dir'>, before: PlaceDraft = { picked: 'beside', folder: '', from: '', into: '' }): PlaceDraft {
  const tree = place.is === 'tree' ? { from: shown(place.root), into: shown(place.into) } : {};
  return { ...before, ...tree, picked: where({ place, out_dir }), folder: out_dir === null ? before.folder : shown(out_dir) };
}

/** What was picked and typed; nothing as long as something is missing. `root` is the tree where none is typed. */
export function placeSettled({ picked, folder, from, into }: PlaceDraft, root: string, keep: Keep | null): Partial<Choice> | null {
  return { beside: BESIDE, folder: intoFolder(folder), tree: intoTree(from || root, into), in_place: inPlace(keep) }[picked];
}

/** A choice without any place of its own: beside the video. */
export const BESIDE: Pick<Choice, 'place' | 'out_dir'> = { place: DEFAULT_CHOICE.place, out_dir: null };

/** Into one folder; nothing as long as none is typed. */
export function intoFolder(folder: string): Partial<Choice> | null {
  const path = folder.trim();
  return path ? { ...BESIDE, out_dir: path } : null;
}

/** Into another tree; nothing as long as one of the two is not typed. */
export function intoTree(root: string, into: string): Partial<Choice> | null {
  const [from, to] = [root.trim(), into.trim()];
  return from && to ? { ...BESIDE, place: { is: 'tree', root: from, into: to } } : null;
}

export function inPlace(keep: Keep | null): Partial<Choice> {
  return { ...BESIDE, place: { is: 'in_place', keep } };
}

export function keepWord(keep: Keep | null): KeepWord {
  if (keep === null) return 'set';
  return typeof keep === 'string' ? keep : `${keep.days}`;
}

export function keepOf(word: string): Keep | null {
  if (word === 'set') return null;
  return word === 'always' || word === 'never' ? word : { days: Number.parseInt(word, 10) };
}

/** The days to choose from, with the one that is chosen. */
export function daysWith(keep: Keep | null): number[] {
  const own = keep !== null && typeof keep === 'object' ? [keep.days] : [];
  return [...new Set([...DAYS, ...own])].sort((a, b) => a - b);
}

/** What will become of an original: how long it is really kept. */
export function kept(keep: Keep | null, set: Replace): Keep {
  return set.testing_mode ? 'always' : (keep ?? set.keep);
}

/** The folder of a file, with the slashes of its own system. */
export function folderOf(path: FilePath): string {
  const text = shown(path);
  const end = Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\'));
  return end > 0 ? text.slice(0, end) : text.slice(0, end + 1);
}

/** A file's own name. */
export function nameOf(path: FilePath): string {
  const text = shown(path);
  return text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
}
