/** Which colour and pattern stand for which computer. Pure; stable while the page is open. */
import type { ComputerId } from '../generated/api';

/** Colours and patterns there are; see `.hue-*` in style.css. */
export const HUES = 8;

export type Hues = ReadonlyMap<ComputerId, number>;

/** The same, with places for those that have none yet, in the order given. */
export function extend(hues: Hues, ids: Iterable<ComputerId>): Hues {
  const fresh = [...new Set(ids)].filter((id) => !hues.has(id));
  if (fresh.length === 0) return hues;
  return new Map([...hues, ...fresh.map((id, place): [ComputerId, number] => [id, (hues.size + place) % HUES])]);
}

/** The letter that stands for a computer beside its colour. */
export function initial(name: string): string {
  const letter = [...name.trim()][0];
  return letter ? letter.toLocaleUpperCase() : '?';
}
