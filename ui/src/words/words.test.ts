import { describe, expect, it } from 'vitest';
import { de } from './de';
import { en, type Catalogue } from './en';
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

  it('count one as one', () => {
    const said = (words: Catalogue) => [words.library.takes('1', 1, '1', false), words.library.scanning('/f', 1, '1', '0'), words.library.allAgain(1, '1'), words.bench.machine('CPU', 1, '1', '1.0'), words.strip.summary(1, 1, 0)];
    expect(said(en)).toEqual(['Takes 1 of 1 film', 'Looking through /f: 1 film so far, 0 looked into.', '1 film waits for another try.', 'CPU, 1 thread, Manyhands 1.0', '1 of 1 part done, 0 under way.']);
    expect(said(de)).toEqual(['Nimmt 1 von 1 Film', '/f wird durchgesehen: bisher 1 Film, in 0 hineingesehen.', '1 Film wartet auf einen neuen Versuch.', 'CPU, 1 Thread, Manyhands 1.0', '1 von 1 Teil fertig, 0 in Arbeit.']);
  });

  it('says Sie in German', () => {
    const du = /(^|[^\p{L}])(du|dir|dich|dein\p{L}*|Lass|Gib|Zeige|Nimm|nimm|Wähle|wähle)(?![\p{L}])/u;
    for (const [way, phrase] of german) expect(filled(phrase), way).not.toMatch(du);
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
