/** Helping others, in words. */
import type { HelpMode, Rest } from '../generated/api';
import { t } from '../words/words.svelte';

/** Why this computer rests. */
export function restWords(rest: Rest): string {
  const words = t().helping.rests;
  return rest.is === 'program' ? words.program(rest.name) : words[rest.is];
}

/** What a way to help means on this computer. */
export function modeEffect(mode: HelpMode, given: number, half: number): string {
  const words = t().helping.effects;
  if (mode === 'polite') return words.polite(Math.min(given, half), given);
  return mode === 'only_when_idle' ? words.only_when_idle(given) : words.all_in(given);
}
