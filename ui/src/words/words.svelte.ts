/** The words of the language that is chosen. */
import { de } from './de';
import { en, type Catalogue } from './en';
import { pseudo } from './pseudo';

export type Language = 'en' | 'de' | 'pseudo';

const CATALOGUES: Record<Language, Catalogue> = { en, de, pseudo };

/** Languages to choose from; the pseudo one is for tests. */
export const LANGUAGES: readonly Language[] = ['en', 'de'];

let language = $state<Language>('en');

/** The catalogue in use. Where a component reads it, it is drawn anew when the language changes. */
export function t(): Catalogue {
  return CATALOGUES[language];
}

export function speak(to: Language): void {
  language = to;
}

export function spoken(): Language {
  return language;
}

export function nameOf(one: Language): string {
  return CATALOGUES[one].name;
}

export function isLanguage(value: unknown): value is Language {
  return typeof value === 'string' && Object.hasOwn(CATALOGUES, value);
}
