/** What people type: numbers in it, and what of it is others than it was when it was opened. Pure. */
import { decimal } from '../format/numbers';
import { Refused } from '../host/types';
import { t } from '../words/words.svelte';

/** Units that may stand behind a number of bytes. */
export const SIZES: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
export const PERCENT: Readonly<Record<string, number>> = { '%': 1 };

/** What stands before a fraction in the language of the page, and what it puts between thousands. */
function signs(): { point: string; group: string } {
  const point = decimal(0.5, 1).charAt(1);
  return { point, group: point === ',' ? '.' : ',' };
}

/**
 * A number as people type it, in the unit of its field or in one of `units`; empty is none. Comma and point both stand
 * before a fraction, whatever the language. What is not understood is refused: it must become neither "no limit" nor
 * another number, and so is what the language reads as thousands.
 */
export function numberOf(typed: string, unit = 1, units: Readonly<Record<string, number>> = {}): number | null {
  const text = typed.trim();
  if (text === '') return null;
  const [, digits = '', named = ''] = /^(\d+(?:[.,]\d+)?)\s*(\D*)$/.exec(text) ?? [];
  const scale = named === '' ? unit : units[named.toUpperCase()];
  if (digits === '' || scale === undefined) throw new Refused('bad_request', t().typed.noNumber(text), units === SIZES ? t().typed.sizeHelp : t().typed.numberHelp);
  const value = Number.parseFloat(digits.replace(',', '.'));
  const [whole = '', thousands = ''] = digits.split(signs().group);
  if (/^[1-9]\d{0,2}$/.test(whole) && /^\d{3}$/.test(thousands)) throw new Refused('bad_request', t().typed.ambiguous(text, whole + thousands, textOf(value)), t().typed.ambiguousHelp);
  return Math.round(value * scale);
}

/** A number as it is shown to be typed over, in units of its field; nothing where there is none. Never with an exponent, which is not understood. */
export function textOf(value: number | null, unit = 1): string {
  return value === null ? '' : (value / unit).toFixed(9).replace(/\.?0+$/, '').replace('.', signs().point);
}

/** What is typed, beside what it was before anybody typed. */
export type Draft<T> = T & { readonly opened: Readonly<T> };

export function draftOf<T extends object>(typed: T): Draft<T> {
  return { ...structuredClone(typed), opened: typed };
}

/** Whether it was changed here. */
export function isTyped<T>(draft: Draft<T>, field: keyof T): boolean {
  return !isSame(draft[field], draft.opened[field]);
}

/** The draft after what is set was read again: what became another is shown, and what was typed beside it stays. */
export function redrafted<T extends object>(draft: Draft<T>, now: T): Draft<T> {
  return keeping(draft, now, (field) => isSame(now[field], draft.opened[field]));
}

/** The draft after it was saved as it was typed by then: what is set now is shown, and what was typed since stays. */
export function savedOver<T extends object>(draft: Draft<T>, typed: T, now: T): Draft<T> {
  return keeping(draft, now, (field) => !isSame(draft[field], typed[field]));
}

function keeping<T extends object>(draft: Draft<T>, now: T, stays: (field: keyof T) => boolean): Draft<T> {
  const next = draftOf(now);
  for (const field of Object.keys(now) as (keyof T)[]) if (stays(field)) Object.assign(next, { [field]: draft[field] });
  return next;
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
