import { afterEach, describe, expect, it } from 'vitest';
import { speak } from '../words/words.svelte';
import { draftOf, isTyped, numberOf, PERCENT, redrafted, savedOver, SIZES, textOf } from './typed';

afterEach(() => speak('en'));

describe('a number as people type it', () => {
  it('is in the unit of its field, or in its own', () => {
    const cases: [string, number | null][] = [['', null], [' ', null], ['2', 2e9], [' 1,5 ', 1.5e9], ['2 TB', 2e12], ['500mb', 5e8], ['0.5 Gb', 5e8], ['20 kB', 20_000]];
    for (const [text, bytes] of cases) expect(numberOf(text, 1e9, SIZES), text).toBe(bytes);
    expect(numberOf('5 %', 1, PERCENT)).toBe(5);
    expect(numberOf('30', 24)).toBe(720);
  });

  it('is shown so that it is understood again', () => {
    for (const bytes of [0, 1, 100, 50_000_000_000, 1_234_567_891, 1.5e9]) expect(numberOf(textOf(bytes, 1e9), 1e9), textOf(bytes, 1e9)).toBe(bytes);
    for (const hours of [1, 5, 24, 720, 1000]) expect(numberOf(textOf(hours, 24), 24)).toBe(hours);
    expect([textOf(null), textOf(0), textOf(47820), textOf(50e9, 1e9), textOf(12.5e6, 1e6)]).toEqual(['', '0', '47820', '50', '12.5']);
  });

  it('is refused where it is not understood, and never taken for another or for none', () => {
    for (const text of ['2 TiB', '2 TB free', 'GB', '1 2', '-3', 'much', '5,', '1.000.000', '1e9']) expect(() => numberOf(text, 1e9, SIZES), text).toThrow('not a number');
    expect(() => numberOf('30 days', 24)).toThrow('“30 days” is not a number.');
    expect(() => numberOf('5 %')).toThrow();
  });

  it('is refused where the language reads thousands: it is neither guessed to be those nor to be a fraction', () => {
    expect(() => numberOf('1,500 MB', 1e9, SIZES)).toThrow('“1,500 MB” may mean 1500 or 1.5.');
    expect(() => numberOf('12,000')).toThrow('“12,000” may mean 12000 or 12.');
    for (const [text, value] of [['1.500', 1.5], ['0,125', 0.125], ['1,50', 1.5], ['1234,567', 1234.567]] as const) expect(numberOf(text, 1000), text).toBe(value * 1000);
    speak('de');
    expect(() => numberOf('1.500 MB', 1e9, SIZES)).toThrow('„1.500 MB“ kann 1500 oder 1,5 heißen.');
    for (const [text, value] of [['1,500', 1.5], ['0.125', 0.125], ['1.5', 1.5]] as const) expect(numberOf(text, 1000), text).toBe(value * 1000);
  });

  it('is shown as the language writes it, and understood so', () => {
    speak('de');
    expect([textOf(1.5e9, 1e9), textOf(1_234_000_000, 1e9), textOf(1500e9, 1e9)]).toEqual(['1,5', '1,234', '1500']);
    for (const bytes of [1.5e9, 1_234_000_000, 1500e9]) expect(numberOf(textOf(bytes, 1e9), 1e9)).toBe(bytes);
  });
});

describe('what is typed', () => {
  const opened = { name: 'Studio', hours: [{ from: 1 }], limit: '5' };

  it('knows what was changed here', () => {
    const draft = draftOf(opened);
    expect(isTyped(draft, 'hours')).toBe(false);
    (draft.hours[0] as { from: number }).from = 2;
    expect([isTyped(draft, 'hours'), isTyped(draft, 'name')]).toEqual([true, false]);
    expect(opened.hours).toEqual([{ from: 1 }]);
  });

  it('stays where what is set did not change, and gives way where it did', () => {
    const draft = { ...draftOf(opened), name: 'Attic', limit: '7' };
    const next = redrafted(draft, { ...opened, limit: '9', hours: [] });
    expect(next).toMatchObject({ name: 'Attic', limit: '9', hours: [] });
    expect(isTyped(next, 'name')).toBe(true);
    expect(isTyped(next, 'limit')).toBe(false);
  });

  it('stays where it was typed while what was typed before was saved', () => {
    const typed = { name: ' Attic ', hours: [{ from: 1 }], limit: '7' };
    const draft = { ...draftOf(opened), ...typed, limit: '70' };
    const next = savedOver(draft, typed, { name: 'Attic', hours: [{ from: 1 }], limit: '7' });
    expect(next).toMatchObject({ name: 'Attic', limit: '70', opened: { limit: '7' } });
    expect([isTyped(next, 'name'), isTyped(next, 'limit')]).toEqual([false, true]);
  });
});
