import { describe, expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';
import { pseudo, stretched } from './pseudo';

/** Every entry with its way to it. */
function entries(value: unknown, way: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[way, value]];
  return Object.entries(value).flatMap(([key, inner]) => entries(inner, `${way}.${key}`));
}

/** What a phrase comes to with stand-ins for what is put into it. */
function filled(phrase: unknown): string {
  if (typeof phrase !== 'function') return String(phrase);
  const slots = Array.from({ length: phrase.length }, (_, place) => `{${place}}`);
  return String((phrase as (...args: unknown[]) => unknown)(...slots));
}

describe('the catalogues', () => {
  const english = new Map(entries(en, ''));
  const german = new Map(entries(de, ''));

  it('have the same entries', () => expect([...german.keys()].sort()).toEqual([...english.keys()].sort()));

  it('put the same things into their phrases', () => {
    for (const [way, phrase] of english) {
      const slots = (text: string) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort();
      expect(slots(filled(german.get(way))), way).toEqual(slots(filled(phrase)));
    }
  });

  it('leave nothing empty', () => {
    for (const [way, phrase] of [...english, ...german]) expect(filled(phrase).trim(), way).not.toBe('');
  });

  it('are stretched for the tests, also inside phrases', () => {
    expect(stretched('Stop')).toBe('[Štöp~~]');
    expect(pseudo.job.left('5 min')).toMatch(/^\[.*5 mïñ.*~+\]$/);
    expect(pseudo.tag).toBe('en-x-pseudo');
  });
});
