/** Storage that several computers see: where films are looked for beside the usual places. Pure. */
import type { FilePath, PathPair, Shared } from '../generated/api';
import { shown } from '../host/types';

const same = (a: FilePath, b: FilePath) => shown(a) === shown(b);

/** With one more folder; as it was where that is known already. */
export function withFolder(shared: Shared, folder: FilePath): Shared {
  return shared.folders.some((one) => same(one, folder)) ? shared : { ...shared, folders: [...shared.folders, folder] };
}

export function withoutFolder(shared: Shared, folder: FilePath): Shared {
  return { ...shared, folders: shared.folders.filter((one) => !same(one, folder)) };
}

/** With the folder that others call `theirs`: a new pair, or in place of the one that had this name. */
export function withPair(shared: Shared, pair: PathPair): Shared {
  return { ...shared, paths: [...shared.paths.filter(({ theirs }) => theirs !== pair.theirs), pair] };
}

export function withoutPair(shared: Shared, theirs: string): Shared {
  return { ...shared, paths: shared.paths.filter((one) => one.theirs !== theirs) };
}

/** What was typed, as a pair; `null` as long as one of the two is missing. A path that was picked stays as it is unless it was changed. */
export function paired(theirs: string, here: string, picked: FilePath | null): PathPair | null {
  const [named, typed] = [theirs.trim(), here.trim()];
  if (!named || !typed) return null;
  return { theirs: named, here: picked !== null && shown(picked) === typed ? picked : typed };
}
