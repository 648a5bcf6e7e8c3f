/** What is set about helping, as it is typed. Pure. */
import type { HelpMode, HelpRules, Hours, Weekday } from '../generated/api';

export const DAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
export const MODES: readonly HelpMode[] = ['polite', 'only_when_idle', 'all_in'];

/** A stretch of time; the times are `HH:MM`, and the same twice is a whole day. */
export interface HoursDraft {
  days: Weekday[];
  from: string;
  to: string;
}

export interface HelpDraft {
  mode: HelpMode;
  hours: HoursDraft[];
  /** With commas between them. */
  programs: string;
  /** GB. */
  keep_free: string;
}

const GB = 1e9;
const DAY = 1440;

export function helpDrafted(rules: HelpRules): HelpDraft {
  return {
    mode: rules.mode,
    hours: hoursDrafted(rules.hours),
    programs: rules.programs.join(', '),
    keep_free: rules.keep_free === null ? '' : String(rules.keep_free / GB),
  };
}

export function hoursDrafted(hours: readonly Hours[]): HoursDraft[] {
  return hours.map((one) => ({ days: [...one.days], from: clock(one.from_min), to: clock(one.to_min) }));
}

/** What was typed. Hours without a day, or without times, are left out. */
export function hoursSettled(drafts: readonly HoursDraft[]): Hours[] {
  return drafts.map(hours).filter((one) => one !== null);
}

/** What was typed. */
export function helpSettled(draft: HelpDraft): HelpRules {
  const free = Number.parseFloat(draft.keep_free.trim().replace(',', '.'));
  return {
    mode: draft.mode,
    hours: hoursSettled(draft.hours),
    programs: draft.programs.split(',').map((name) => name.trim()).filter((name) => name !== ''),
    keep_free: Number.isFinite(free) && free >= 0 ? Math.round(free * GB) : null,
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

function hours(draft: HoursDraft): Hours | null {
  const [from, to] = [minutes(draft.from), minutes(draft.to)];
  if (draft.days.length === 0 || from === null || to === null) return null;
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
