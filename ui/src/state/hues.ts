/** Which colour, pattern and shape stand for which computer: from its key, so that it looks the same everywhere. Pure. */
import type { ComputerId } from '../generated/api';

/** Colours and patterns there are; see `--hue-*` in style.css. */
export const HUES = 8;

/** Shapes of the badges. */
export const SHAPES = 4;

export type Hues = ReadonlyMap<ComputerId, number>;

/** The same, with places for those that have none yet: the colour of their key, or the next that is free. */
export function extend(hues: Hues, ids: Iterable<ComputerId>): Hues {
  const fresh = [...new Set(ids)].filter((id) => !hues.has(id));
  if (fresh.length === 0) return hues;
  const all = new Map(hues);
  const uses = Array.from({ length: HUES }, () => 0);
  for (const hue of all.values()) uses[hue] = (uses[hue] ?? 0) + 1;
  for (const id of fresh) {
    const least = Math.min(...uses);
    let hue = digits(id, 0) % HUES;
    while ((uses[hue] ?? 0) > least) hue = (hue + 1) % HUES;
    uses[hue] = (uses[hue] ?? 0) + 1;
    all.set(id, hue);
  }
  return all;
}

/** The shape of a computer's badge, 0 to `SHAPES` - 1. */
export function shape(id: ComputerId): number {
  return digits(id, 4) % SHAPES;
}

function digits(id: ComputerId, from: number): number {
  return Number.parseInt(id.slice(from, from + 4), 16) || 0;
}

/** The letter that stands for a computer beside its colour. */
export function initial(name: string): string {
  const letter = [...name.trim()][0];
  return letter ? letter.toLocaleUpperCase() : '?';
}
