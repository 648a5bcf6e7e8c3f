/** What is set about helping, as it is typed. Pure. */
import type { HelpMode, HelpRules, Hours, Weekday } from '../generated/api';
import { Refused } from '../host/types';
import { t } from '../words/words.svelte';
import { isTyped, numberOf, SIZES, textOf, type Draft } from './typed';

export const DAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
export const MODES: readonly HelpMode[] = ['polite', 'only_when_idle', 'all_in'];

/** A stretch of time; the times are `HH:MM`, and the same twice is a whole day. */
export interface HoursDraft {
  days: Weekday[];
  from: string;
  to: string;
}

export interface HelpTyped {
  mode: HelpMode;
  hours: HoursDraft[];
  /** With commas between them. */
  programs: string;
  /** GB, or with its unit. */
  keep_free: string;
}

const GB = 1e9;
const DAY = 1440;

export function helpTyped(rules: HelpRules): HelpTyped {
  return {
    mode: rules.mode,
    hours: hoursDrafted(rules.hours),
    programs: rules.programs.join(', '),
    keep_free: textOf(rules.keep_free, GB),
  };
}

export function hoursDrafted(hours: readonly Hours[]): HoursDraft[] {
  return hours.map((one) => ({ days: [...one.days], from: clock(one.from_min), to: clock(one.to_min) }));
}

/** What was typed. A line without a day, or without times, is refused: if it were left out, no line at all would be left, and that is always. */
export function hoursSettled(drafts: readonly HoursDraft[]): Hours[] {
  return drafts.map(hours);
}

/** What is set now, with what was changed here, so that nothing is set back that somebody else has set since. */
export function helpSettled(now: HelpRules, draft: Draft<HelpTyped>): HelpRules {
  return {
    mode: isTyped(draft, 'mode') ? draft.mode : now.mode,
    hours: isTyped(draft, 'hours') ? hoursSettled(draft.hours) : now.hours,
    programs: isTyped(draft, 'programs') ? draft.programs.split(',').map((name) => name.trim()).filter((name) => name !== '') : now.programs,
    keep_free: isTyped(draft, 'keep_free') ? numberOf(draft.keep_free, GB, SIZES) : now.keep_free,
  };
}

/** What a new line of hours begins with: the nights of the week. */
export function newHours(): HoursDraft {
  return { days: [...DAYS], from: '22:00', to: '06:00' };
}

/** The days with one more of them, or less. */
export function toggled(days: readonly Weekday[], day: Weekday): Weekday[] {
  return DAYS.filter((one) => (one === day) !== days.includes(one));
}

function hours(draft: HoursDraft, place: number): Hours {
  const words = t().helping;
  const [from, to] = [minutes(draft.from), minutes(draft.to)];
  if (draft.days.length === 0) throw new Refused('bad_request', words.noDay(place + 1), words.noDayHelp);
  if (from === null || to === null) throw new Refused('bad_request', words.noTimes(place + 1), words.noDayHelp);
  return { days: DAYS.filter((day) => draft.days.includes(day)), from_min: from, to_min: from === 0 && to === 0 ? DAY : to };
}

function clock(all: number): string {
  const [hours, minutes] = [Math.floor(all / 60) % 24, all % 60];
  return `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}

function minutes(text: string): number | null {
  const found = /^(\d\d):(\d\d)/.exec(text);
  return found ? Number(found[1]) * 60 + Number(found[2]) : null;
}
