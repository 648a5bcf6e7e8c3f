/** English with accents and a third more letters: shows what is clipped, and what is not in the catalogue. */
import { en, type Catalogue } from './en';

const ACCENTS: Record<string, string> = { a: 'á', e: 'ë', i: 'ï', o: 'ö', u: 'ü', c: 'ç', n: 'ñ', y: 'ý', A: 'Å', E: 'É', I: 'Ï', O: 'Ø', U: 'Û', C: 'Ç', N: 'Ñ', S: 'Š' };

/** The same text, longer and marked at both ends. */
export function stretched(text: string): string {
  const accented = [...text].map((letter) => ACCENTS[letter] ?? letter).join('');
  const more = Math.ceil(text.length / 3);
  // In pieces, as words are, so that it may be broken where words may.
  return `[${accented}${Array.from({ length: more }, (_, place) => (place % 6 === 5 ? ' ' : '~')).join('')}]`;
}

function changed(value: unknown): unknown {
  if (typeof value === 'string') return stretched(value);
  if (typeof value === 'function') return (...args: unknown[]) => changed((value as (...args: unknown[]) => unknown)(...args));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, changed(inner)]));
}

export const pseudo: Catalogue = { ...(changed(en) as Catalogue), tag: 'en-x-pseudo', name: 'Pseudo' };
