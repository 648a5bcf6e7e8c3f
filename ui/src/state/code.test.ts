import { expect, it } from 'vitest';
import { sixDigits } from './code';

it('a code is its digits, however it was typed', () => {
  for (const typed of ['482913', '482 913', ' 482-913 ', '4 8 2 9 1 3 7']) expect(sixDigits(typed)).toBe('482913');
  expect(sixDigits('48 29')).toBe('4829');
});
