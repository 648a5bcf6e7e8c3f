import { expect, it } from 'vitest';
import { qrPath } from './qr';

it('draws the dark modules of a code and no others', () => {
  expect(qrPath(['110', '001'])).toBe('M4 4h2v1h-2zM6 5h1v1h-1z');
  expect(qrPath(['000'])).toBe('');
});
