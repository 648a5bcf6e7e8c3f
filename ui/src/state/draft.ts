/** The settings as they are typed: text until they are saved. Pure. */
import type { FilePath, Settings } from '../generated/api';
import { shown } from '../host/types';

export interface Draft {
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

const GB = 1e9;
const MB = 1e6;

export function drafted(settings: Settings): Draft {
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

/** What is set now, with what was typed. A path that is no text is kept as it is unless it was changed. */
export function settled(now: Settings, draft: Draft): Settings {
  const path = (was: FilePath | null, typed: string) => (was !== null && shown(was) === typed.trim() ? was : typed.trim() || null);
  const number = (typed: string, unit = 1) => {
    const value = Number.parseFloat(typed.trim().replace(',', '.'));
    return Number.isFinite(value) ? Math.round(value * unit) : null;
  };
  return {
    ...now,
    name: draft.name.trim(),
    ffmpeg: path(now.ffmpeg, draft.ffmpeg),
    temp: path(now.temp, draft.temp),
    temp_limit: number(draft.temp_limit, GB),
    bandwidth: number(draft.bandwidth, MB),
    port: number(draft.port),
    web_port: number(draft.web_port),
  };
}

/** Whether what was changed counts only from the next start on. */
export function later(before: Settings, after: Settings): boolean {
  return (['ffmpeg', 'port', 'web_port'] as const).some((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}
