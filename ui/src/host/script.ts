/** What the fake host and the tests show: computers, jobs and segments made of a few words. */
import type { Computer, Here, Job, Pairing, Segment, SegmentState } from '../generated/api';
import { DEFAULT_CHOICE } from '../generated/api';

/** Nobody is being paired. */
export const QUIET: Pairing = { asking: null, request: null, refusal: null };

export function computer(name: string, over: Partial<Computer> = {}): Computer {
  const digits = [...name].map((letter) => letter.codePointAt(0)?.toString(16) ?? '').join('');
  return {
    id: digits.repeat(64).slice(0, 64),
    name,
    status: { is: 'ready' },
    helps_us: true,
    we_help: true,
    lets_us: null,
    asks_us: null,
    takes_films: false,
    cpu: '',
    cores: 0,
    memory_mb: 0,
    load: null,
    encoders: [],
    address: null,
    speed_fps: null,
    last_seen_ms: null,
    trouble: null,
    ...over,
  };
}

export function here(over: Partial<Here> = {}): Here {
  return {
    computer: computer('Studio'),
    version: '0.1.0',
    data_dir: '/home/ada/.local/share/manyhands',
    listening: ['192.168.1.20:47820'],
    donating: true,
    given_cores: 8,
    helping: { mode: 'polite', rest: null, begun: 0, stands_still: false, cores: 8, half_cores: 4, on_battery: false, battery_too: false, winding_down: false },
    ffmpeg: { is: 'found', path: '/usr/lib/manyhands/ffmpeg', version: '9.0.2', origin: 'the one that came with the app' },
    ready: 0,
    twin: null,
    notices: [],
    ...over,
  };
}

export function segment(index: number, start_s: number, end_s: number, state: SegmentState = 'waiting', progress = 0): Segment {
  return { index, start_s, end_s, state, computer: null, progress, attempts: state === 'waiting' ? 0 : 1 };
}

export function job(id: number, name: string, over: Partial<Job> = {}): Job {
  return {
    id,
    name,
    source: `/films/${name}`,
    source_bytes: 8_240_000_000,
    duration_s: null,
    picture: null,
    choice: DEFAULT_CHOICE,
    state: { is: 'queued' },
    place: null,
    progress: 0,
    frames_done: 0,
    frames_total: null,
    speed_fps: null,
    eta_s: null,
    speed_up: null,
    elapsed_s: 0,
    segments: [],
    hands: [],
    sent_bytes: 0,
    received_bytes: 0,
    notes: [],
    stages: { first_segment_s: 0, analyse_s: 0, process_s: 0, merge_s: 0 },
    created_ms: 0,
    finished_ms: null,
    original: null,
    away: null,
    sent_by: null,
    ...over,
  };
}
