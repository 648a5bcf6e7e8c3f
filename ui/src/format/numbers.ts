/** Numbers as people read them, in the language of the page. */
import { t } from '../words/words.svelte';

/** A number with so many decimals. */
export function decimal(value: number, digits = 0): string {
  const grouped = digits === 0 && value >= 10_000;
  const key = `${t().tag} ${digits} ${grouped}`;
  let format = FORMATS.get(key);
  if (!format) {
    format = new Intl.NumberFormat(t().tag, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: grouped });
    FORMATS.set(key, format);
  }
  return format.format(value);
}

/** Making a format takes far longer than using it. */
const FORMATS = new Map<string, Intl.NumberFormat>();

/** `1.4 GB`: decimal units, as disks are sold. */
export function bytes(count: number): string {
  const { size, unit } = unitFor(count);
  const value = count / size;
  const digits = size === 1 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
  return `${decimal(value, digits)} ${unit}`;
}

/** The largest unit of which there is a whole one, and its bytes. */
function unitFor(count: number): { size: number; unit: string } {
  const units = [t().number.bytes, 'kB', 'MB', 'GB', 'TB'];
  let place = 0;
  while (count / 1000 ** place >= 999.5 && place < units.length - 1) place += 1;
  return { size: 1000 ** place, unit: units[place] ?? '' };
}

/** So much of so much, in the unit of the whole: `1.2 of 4.0 GB`; only what there is where the whole is not known. */
export function part(count: number, of: number): string {
  if (of <= 0) return bytes(count);
  const { size, unit } = unitFor(of);
  const digits = size === 1 || of / size >= 99.5 ? 0 : 1;
  return t().number.part(decimal(Math.min(count, of) / size, digits), `${decimal(of / size, digits)} ${unit}`);
}

/** An estimated size, no more exact than it is known: `1.2 GB`, `850 MB`. */
export function roughBytes(count: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1);
  const rounded = Math.round(count / step) * step;
  return bytes(rounded).replace(/([.,]\d)0 /, '$1 ');
}

/** A film's length: `1:42:03`. */
export function filmLength(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A moment of a film, to the thousandth: `1:42:03.208`. */
export function filmMoment(seconds: number): string {
  const ms = Math.max(0, Math.round(seconds * 1000));
  return `${filmLength(Math.floor(ms / 1000))}.${String(ms % 1000).padStart(3, '0')}`;
}

/** Time to go, no more exact than it is known: `about 6 min`. */
export function toGo(seconds: number): string {
  const words = t().number;
  const minutes = Math.max(0, seconds) / 60;
  if (minutes < 1) return words.lessThanMinute;
  if (minutes < 20) return words.aboutMinutes(Math.round(minutes));
  const rounded = Math.round(minutes / 5) * 5;
  if (rounded < 60) return words.aboutMinutes(rounded);
  return words.aboutHours(Math.floor(rounded / 60), rounded % 60);
}

/** Time that passed: `0 s`, `48 s`, `12 min`, `1 h 5 min`; what took any time at all took a second. */
export function took(seconds: number): string {
  const words = t().number;
  if (seconds <= 0) return words.seconds(0);
  if (seconds < 59.5) return words.seconds(Math.max(1, Math.round(seconds)));
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? words.minutes(minutes) : words.hours(Math.floor(minutes / 60), minutes % 60);
}

/** Time that is left, counted down: `9:58`. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** `48 fps`. */
export function fps(speed: number): string {
  return t().number.fps(decimal(speed, speed >= 9.95 ? 0 : 1));
}

/** `3.4×`. */
export function times(factor: number): string {
  return `${decimal(factor, factor >= 9.95 ? 0 : 1)}×`;
}

/** A share from 0 to 1: `43 %`; never 100 before it is whole. */
export function percent(share: number): string {
  return t().number.percent(String(Math.floor(Math.min(1, Math.max(0, share)) * 100)));
}

/** How the output's size compares: `64 % smaller`. */
export function change(before: number, after: number): string {
  const words = t().number;
  if (before <= 0) return '';
  const percent = Math.round(100 * Math.abs(1 - after / before));
  if (percent === 0) return words.sameSize;
  return after < before ? words.smaller(percent) : words.larger(percent);
}

/** How long ago a moment was: `5 min ago`. */
export function ago(ms: number, now: number): string {
  const words = t().number;
  const seconds = Math.max(0, (now - ms) / 1000);
  if (seconds < 60) return words.justNow;
  if (seconds < 5400) return words.ago(took(seconds));
  if (seconds < 86_400) return words.hoursAgo(Math.round(seconds / 3600));
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? words.yesterday : words.daysAgo(days);
}

/** From when to when: `3 Nov, 14:05–14:40`, with the year where that is another one. */
export function stretch(from: number, to: number): string {
  const form = new Intl.DateTimeFormat(t().tag, { year: yearOf(from), day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
  return form.formatRange(from, to);
}

/** A day and a time of day: `3 Nov, 14:05`, with the year where that is another one. */
export function moment(ms: number): string {
  return new Date(ms).toLocaleString(t().tag, { year: yearOf(ms), day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

/** A day: `29 December`, with its year where that is another one. */
export function day(ms: number): string {
  return new Date(ms).toLocaleDateString(t().tag, { day: 'numeric', month: 'long', year: yearOf(ms) });
}

/** How the year of a moment is written: not at all where it is this one. */
function yearOf(ms: number): 'numeric' | undefined {
  return new Date(ms).getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
}
