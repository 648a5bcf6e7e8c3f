/** What is changed about the picture: read, compared, corrected. Pure. */
import { DEFAULT_CHOICE, type Area, type Choice, type Crop, type Filters } from '../generated/api';

/** The heights that are offered, in lines. */
export const HEIGHTS: readonly number[] = [2160, 1440, 1080, 720, 576, 480, 360];

export type Side = keyof Area;

/** The part of the picture with one number changed: even, and within what there can be. */
export function part(area: Area, side: Side, value: number): Area {
  if (!Number.isFinite(value)) return area;
  const least = side === 'width' || side === 'height' ? 16 : 0;
  return { ...area, [side]: Math.min(16_384, Math.max(least, Math.round(value / 2) * 2)) };
}

/** Whether anything is changed about the picture. */
export function isChanged({ filters }: Choice): boolean {
  return JSON.stringify(readFilters(filters)) !== JSON.stringify(DEFAULT_CHOICE.filters);
}

const WORDS: { [K in keyof Filters]?: readonly unknown[] } = {
  deinterlace: [true, false],
  deblock: [true, false],
  denoise: [null, 'light', 'medium', 'strong'],
  half_rate: [true, false],
  sdr: [true, false],
  sharpen: [null, 'light', 'medium', 'strong'],
  rotate: [null, '90', '180', '270'],
};

/** What is understood of it; the rest is as by default. */
export function readFilters(from: unknown): Filters {
  const given = isRecord(from) ? from : {};
  const entries = Object.entries(DEFAULT_CHOICE.filters).map(([key, usual]) => {
    const value = given[key];
    const words = WORDS[key as keyof Filters];
    if (words) return [key, words.includes(value) ? value : usual];
    if (key === 'height') return [key, isWhole(value, 16, 8192) ? value : null];
    if (key === 'grain') return [key, isWhole(value, 1, 50) ? value : null];
    return [key, readCrop(value)];
  });
  return Object.fromEntries(entries) as Filters;
}

function readCrop(from: unknown): Crop | null {
  if (from === 'auto') return 'auto';
  if (!isRecord(from) || !isRecord(from['to'])) return null;
  const { width, height, left, top } = from['to'];
  const even = (value: unknown, least: number) => isWhole(value, least, 16_384) && value % 2 === 0;
  if (!even(width, 16) || !even(height, 16) || !even(left, 0) || !even(top, 0)) return null;
  return { to: { width, height, left, top } as Area };
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
