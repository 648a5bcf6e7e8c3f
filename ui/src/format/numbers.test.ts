import { afterEach, describe, expect, it } from 'vitest';
import { speak } from '../words/words.svelte';
import { ago, bytes, change, countdown, day, decimal, filmLength, filmMoment, fps, moment, percent, roughBytes, stretch, times, took, toGo } from './numbers';

const table = <T extends unknown[]>(f: (...args: T) => string, cases: [...T, string][]) => {
  for (const line of cases) {
    const args = line.slice(0, -1) as unknown as T;
    expect(f(...args), args.join(', ')).toBe(line.at(-1));
  }
};

describe('numbers', () => {
  afterEach(() => speak('en'));

  it('bytes', () =>
    table(bytes, [[0, '0 bytes'], [999, '999 bytes'], [1000, '1.00 kB'], [1_434_000_000, '1.43 GB'], [99_960_000, '100 MB'], [999_600, '1.00 MB'], [45_670_000, '45.7 MB'], [3e15, '3000 TB']]));
  it('estimated bytes', () => table(roughBytes, [[0, '0 bytes'], [1_234_567_890, '1.2 GB'], [847_000_000, '850 MB'], [12_600_000_000, '13.0 GB']]));
  it('lengths', () => table(filmLength, [[0, '0:00'], [61, '1:01'], [6123, '1:42:03'], [59.6, '1:00']]));
  it('moments of a film', () => table(filmMoment, [[0, '0:00.000'], [61.0417, '1:01.042'], [59.9999, '1:00.000']]));
  it('time to go', () =>
    table(toGo, [[-5, 'less than a minute'], [59, 'less than a minute'], [60, 'about 1 min'], [370, 'about 6 min'], [1260, 'about 20 min'], [3599, 'about 1 h'], [4700, 'about 1 h 20 min']]));
  it('time that passed', () => table(took, [[0, '0 s'], [0.2, '1 s'], [48, '48 s'], [59.7, '1 min'], [3600, '1 h'], [3900, '1 h 5 min']]));
  it('countdowns', () => table(countdown, [[600, '10:00'], [59.2, '1:00'], [0, '0:00'], [-3, '0:00']]));
  it('speeds', () => {
    table(fps, [[48.4, '48 fps'], [3.14, '3.1 fps'], [9.96, '10 fps']]);
    table(times, [[3.44, '3.4×'], [12.3, '12×']]);
  });
  it('shares, never whole before they are', () => table(percent, [[0.999, '99 %'], [1, '100 %'], [-1, '0 %'], [0.436, '43 %']]));
  it('changes', () => table(change, [[100, 36, '64 % smaller'], [100, 130, '30 % larger'], [100, 100, 'the same size'], [0, 5, '']]));
  it('moments', () => table(ago, [[0, 1000, 'just now'], [0, 300_000, '5 min ago'], [0, 86_000_000, '24 h ago'], [0, 90_000_000, 'yesterday'], [0, 260_000_000, '3 days ago']]));

  it('moments of other years, with the year', () => {
    const year = new Date().getFullYear();
    const [now, past] = [new Date(year, 0, 2, 10).getTime(), new Date(year - 2, 0, 2, 10).getTime()];
    for (const said of [moment(past), day(past), stretch(past, past + 60_000)]) expect(said).toContain(String(year - 2));
    for (const said of [moment(now), day(now), stretch(now, now + 60_000)]) expect(said).not.toContain(String(year));
  });

  it('in the language of the page', () => {
    speak('de');
    expect(fps(48)).toBe('48 Bilder/s');
    expect(bytes(1_434_000_000)).toBe('1,43 GB');
    expect(decimal(109_930)).toBe('109.930');
    expect(toGo(370)).toBe('etwa 6 min');
  });
});
