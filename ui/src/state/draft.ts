/** The settings as they are typed: text until they are saved. Pure. */
import type { FilePath, Settings } from '../generated/api';
import { shown } from '../host/types';
import { isTyped, numberOf, SIZES, textOf, type Draft } from './typed';

/** What can be typed. */
export interface SettingsTyped {
  name: string;
  ffmpeg: string;
  temp: string;
  /** GB, or with its unit. */
  temp_limit: string;
  /** MB a second, or with its unit. */
  bandwidth: string;
  port: string;
  web_port: string;
}

const GB = 1e9;
const MB = 1e6;

export function typedOf(settings: Settings): SettingsTyped {
  const path = (value: FilePath | null) => (value === null ? '' : shown(value));
  return {
    name: settings.name,
    ffmpeg: path(settings.ffmpeg),
    temp: path(settings.temp),
    temp_limit: textOf(settings.temp_limit, GB),
    bandwidth: textOf(settings.bandwidth, MB),
    port: textOf(settings.port),
    web_port: textOf(settings.web_port),
  };
}

/**
 * What is set now, with what was typed: only what was changed here, so that nothing is set back that somebody else has
 * set since. A path that is no text is kept as it is unless it was changed.
 */
export function settled(now: Settings, draft: Draft<SettingsTyped>): Settings {
  const path = (field: 'ffmpeg' | 'temp') => (isTyped(draft, field) ? draft[field].trim() || null : now[field]);
  const number = (field: 'temp_limit' | 'bandwidth' | 'port' | 'web_port', unit = 1, units = {}) => (isTyped(draft, field) ? numberOf(draft[field], unit, units) : now[field]);
  return {
    ...now,
    name: isTyped(draft, 'name') ? draft.name.trim() : now.name,
    ffmpeg: path('ffmpeg'),
    temp: path('temp'),
    temp_limit: number('temp_limit', GB, SIZES),
    bandwidth: number('bandwidth', MB, SIZES),
    port: number('port'),
    web_port: number('web_port'),
  };
}

/** Whether what was changed counts only from the next start on. */
export function later(before: Settings, after: Settings): boolean {
  return (['ffmpeg', 'port', 'web_port'] as const).some((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}
