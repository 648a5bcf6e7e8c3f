/** Presets: saved, renamed, deleted, and read from a file. Pure. */
import { DEFAULT_CHOICE, type Choice, type Preset, type Wishes } from '../generated/api';
import { Refused } from '../host/types';
import { t } from '../words/words.svelte';
import { readFilters } from './filters';

/** What a file of presets says of itself. */
const KIND = 'manyhands-presets';
const MOST = 100;

/** With a preset of this name: a new one, or in place of the one that had it. */
export function saved(wishes: Wishes, name: string, choice: Choice): Wishes {
  const preset = { name: name.trim(), choice: lasting(choice) };
  const others = wishes.presets.filter((one) => one.name !== preset.name);
  return { ...wishes, presets: [...others, preset] };
}

/** With another name for a preset. Throws a `Refused` where there is none, or another preset has it. */
export function renamed(wishes: Wishes, from: string, to: string): Wishes {
  const name = to.trim();
  if (name === from) return wishes;
  if (!name) throw new Refused('bad_request', t().preset.noName, t().preset.noNameHelp);
  if (wishes.presets.some((one) => one.name === name)) throw new Refused('bad_request', t().preset.taken(name), t().preset.takenHelp);
  return { ...wishes, presets: wishes.presets.map((one) => (one.name === from ? { ...one, name } : one)) };
}

export function without(wishes: Wishes, name: string): Wishes {
  return { ...wishes, presets: wishes.presets.filter((one) => one.name !== name) };
}

/** What of a choice is worth keeping: not the name of one output, and no agreement to lose something. */
export function lasting(choice: Choice): Choice {
  return { ...choice, output: null, yes: false };
}

/** What of a choice is preselected the next time. That videos are replaced is said each time anew, or by a preset. */
export function preselected(choice: Choice): Choice {
  const place = choice.place.is === 'in_place' ? DEFAULT_CHOICE.place : choice.place;
  return { ...lasting(choice), place };
}

export function asFile({ presets }: Wishes): string {
  return `${JSON.stringify({ kind: KIND, version: 1, presets }, null, 2)}\n`;
}

/** The presets of a file; `null` where it holds none. Values that are not understood are as by default. */
export function fromFile(text: string): Preset[] | null {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(file) || file['kind'] !== KIND || !Array.isArray(file['presets'])) return null;
  const presets = file['presets'].slice(0, MOST).flatMap((one: unknown): Preset[] => {
    if (!isRecord(one) || typeof one['name'] !== 'string' || !isRecord(one['choice'])) return [];
    const name = one['name'].trim().slice(0, 40);
    return name ? [{ name, choice: lasting(readChoice(one['choice'])) }] : [];
  });
  return presets.length > 0 ? presets : null;
}

/** With the presets of a file, which take the place of those with the same names. */
export function merged(wishes: Wishes, presets: readonly Preset[]): Wishes {
  return presets.reduce((all, one) => saved(all, one.name, one.choice), wishes);
}

const WORDS: { [K in keyof Choice]?: readonly unknown[] } = {
  purpose: ['everywhere', 'smaller', 'smallest', 'keep'],
  codec: [null, 'h264', 'hevc', 'av1'],
  speed: ['fast', 'balanced', 'slow'],
  encoders: ['same', 'any'],
  audio: [null, 'copy', 'opus', 'aac'],
  container: [null, 'mkv', 'mp4'],
  only_here: [true, false],
  paranoid: [true, false],
};

function readChoice(from: Record<string, unknown>): Choice {
  const entries = Object.entries(DEFAULT_CHOICE).map(([key, usual]) => {
    const value = from[key];
    const words = WORDS[key as keyof Choice];
    if (words) return [key, words.includes(value) ? value : usual];
    if (key === 'filters') return [key, readFilters(value)];
    if (key === 'quality') return [key, isWhole(value, 0, 63) ? value : null];
    if (key === 'audio_kbps') return [key, isWhole(value, 16, 640) ? value : null];
    return [key, usual];
  });
  return Object.fromEntries(entries) as Choice;
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
