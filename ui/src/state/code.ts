/** Codes of pairing, as people type them. Pure. */

/** The digits of what was typed, at most six. */
export function sixDigits(typed: string): string {
  return typed.replace(/\D/g, '').slice(0, 6);
}
