/** The settings as they are typed: text until they are saved. Pure. */
import type { FilePath, Settings } from '../generated/api';
import { Refused, shown } from '../host/types';

/** What can be typed. */
interface Typed {
  name: string;
  ffmpeg: string;
  temp: string;
  /** GB. */
  temp_limit: string;
  /** MB a second. */
  bandwidth: string;
  port: string;
  web_port: string;
}

export interface Draft extends Typed {
  /** As it was before anybody typed: what still is so was not changed here. */
  readonly opened: Readonly<Typed>;
}

const GB = 1e9;
const MB = 1e6;

export function drafted(settings: Settings): Draft {
  const typed = typedOf(settings);
  return { ...typed, opened: typed };
}

function typedOf(settings: Settings): Typed {
  const path = (value: FilePath | null) => (value === null ? '' : shown(value));
  const number = (value: number | null, unit = 1) => (value === null ? '' : String(value / unit));
  return {
    name: settings.name,
    ffmpeg: path(settings.ffmpeg),
    temp: path(settings.temp),
    temp_limit: number(settings.temp_limit, GB),
    bandwidth: number(settings.bandwidth, MB),
    port: number(settings.port),
    web_port: number(settings.web_port),
  };
}

/** A number as people type it; empty is none. What is no number is refused: it must not become "no limit". */
function numberOf(typed: string, unit = 1): number | null {
  const text = typed.trim();
  if (text === '') return null;
  if (!/^\d+([.,]\d+)?$/.test(text)) throw new Refused('bad_request', `“${text}” is not a number.`, 'Write only digits, and a comma or point before a fraction.');
  return Math.round(Number.parseFloat(text.replace(',', '.')) * unit);
}

/**
 * What is set now, with what was typed: only what was changed here, so that nothing is set back that somebody else has
 * set since. A path that is no text is kept as it is unless it was changed.
 */
export function settled(now: Settings, draft: Draft): Settings {
  const changed = (field: keyof Typed) => draft[field] !== draft.opened[field];
  const path = (field: 'ffmpeg' | 'temp') => (changed(field) ? draft[field].trim() || null : now[field]);
  const number = (field: 'temp_limit' | 'bandwidth' | 'port' | 'web_port', unit?: number) => (changed(field) ? numberOf(draft[field], unit) : now[field]);
  return {
    ...now,
    name: changed('name') ? draft.name.trim() : now.name,
    ffmpeg: path('ffmpeg'),
    temp: path('temp'),
    temp_limit: number('temp_limit', GB),
    bandwidth: number('bandwidth', MB),
    port: number('port'),
    web_port: number('web_port'),
  };
}

/** Whether what was changed counts only from the next start on. */
export function later(before: Settings, after: Settings): boolean {
  return (['ffmpeg', 'port', 'web_port'] as const).some((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}
