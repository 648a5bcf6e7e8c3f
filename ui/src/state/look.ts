/** Theme and language: of this screen, not of the node, which may be shown on several. */
import { isLanguage, speak, spoken, type Language } from '../words/words.svelte';

export type Theme = 'system' | 'light' | 'dark';

const THEME = 'manyhands.theme';
const LANGUAGE = 'manyhands.language';

/** Takes up what was chosen here before, else what the system speaks. */
export function recall(): void {
  wear(theme());
  const asked = new URLSearchParams(location.search).get('lang') ?? read(LANGUAGE);
  const system = navigator.language.slice(0, 2);
  speak(isLanguage(asked) ? asked : isLanguage(system) ? system : 'en');
  document.documentElement.lang = spoken() === 'de' ? 'de' : 'en';
}

export function theme(): Theme {
  const kept = read(THEME);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function setTheme(to: Theme): void {
  write(THEME, to);
  wear(to);
}

export function setLanguage(to: Language): void {
  write(LANGUAGE, to);
  speak(to);
  document.documentElement.lang = to === 'de' ? 'de' : 'en';
}

function wear(to: Theme): void {
  if (to === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = to;
}

/** Where the browser keeps nothing (private windows, some settings) nothing is remembered. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
