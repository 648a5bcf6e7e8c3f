/** A host without a node: plays scenes by name (`?scene=first`), for design work and screenshots. */
import type { Calls, Job, Snapshot } from '../generated/api';
import { computer, here, job, segment } from './script';
import { Refused, type Host, type Picked } from './types';

const encoders = (hevc: number, hardware = false) => [
  { name: hardware ? 'hevc_nvenc' : 'libx265', codec: 'hevc' as const, hardware, fps_1080p: hevc, seats: 1 },
  { name: 'libx264', codec: 'h264' as const, hardware: false, fps_1080p: hevc * 3, seats: 1 },
];
const studio = computer('Studio', { status: { is: 'working', segments: 2 }, encoders: encoders(21), speed_fps: 20.4 });
const kitchen = computer('Kitchen-PC', { status: { is: 'working', segments: 2 }, encoders: encoders(58, true), speed_fps: 51 });
const attic = computer('attic', { status: { is: 'paused', reason: 'someone is using it' }, encoders: encoders(12) });
const barn = computer('Barn', { status: { is: 'offline' }, last_seen_ms: Date.now() - 86_000_000 });
const phone = computer('Zoë’s MacBook Pro with a very long name', { status: { is: 'nearby' } });

const FILM = { picture: '1920×1080, 23.976 fps, HDR10', duration_s: 6123, frames_total: 146_802 };

function strip(done: number, working: number): Job['segments'] {
  const who = [studio.id, kitchen.id, kitchen.id, attic.id, kitchen.id, studio.id, kitchen.id];
  return Array.from({ length: 48 }, (_, n) => {
    const at = (6123 / 60) * n;
    const state = n < done ? 'done' : n === done ? 'checking' : n < done + working ? 'encoding' : n < done + working + 2 ? 'sent' : 'waiting';
    const one = segment(n, at, at + 6123 / 60, state, state === 'encoding' ? 0.2 + 0.2 * (n - done) : 0);
    return { ...one, computer: state === 'waiting' ? null : (who[(n * 3) % who.length] ?? null) };
  });
}

const hands = (share: number): Job['hands'] => [
  { computer: kitchen.id, name: kitchen.name, segments: Math.round(30 * share), working: 2, frames: 9000, speed_fps: 51, encoder: 'hevc_nvenc', paused: null },
  { computer: studio.id, name: studio.name, segments: Math.round(12 * share), working: 2, frames: 4000, speed_fps: 20.4, encoder: 'libx265', paused: null },
  { computer: attic.id, name: attic.name, segments: Math.round(6 * share), working: 0, frames: 900, speed_fps: null, encoder: 'libx265', paused: 'someone is using it' },
];

const working = job(5, 'The Long Way Home (2019).mkv', {
  ...FILM,
  state: { is: 'processing' },
  progress: 0.43,
  frames_done: 63_000,
  speed_fps: 71.4,
  eta_s: 1171,
  speed_up: 3.44,
  elapsed_s: 800,
  segments: strip(17, 4),
  hands: hands(0.4),
});
const done = job(4, 'holiday #3 – été.mp4', {
  ...FILM,
  duration_s: 1834,
  picture: '3840×2160, 59.94 fps',
  state: {
    is: 'completed',
    outcome: { output: '/home/ada/Videos/holiday #3 – été.hevc.mkv', receipt: '/r', exact: true, verdict: 'Every one of 109,930 frames is there, in order, at its own time: proved.', frames: 109_930, bytes: 2_940_000_000, wall_s: 724 },
  },
  progress: 1,
  speed_up: 2.9,
  segments: strip(48, 0).map((one) => ({ ...one, state: 'done' as const })),
  hands: hands(1).map((hand) => ({ ...hand, working: 0 })),
});
const failed = job(3, 'broken download.mkv', {
  state: { is: 'failed', error: { code: 'damaged', message: 'The file ends in the middle of a frame at 0:41:07.', help: 'Copy it again from where it came from.' } },
  progress: 0.31,
});
const waiting = job(6, 'next.mkv', { ...FILM, state: { is: 'queued' } });
const paused = job(2, 'talk.mp4', { ...FILM, picture: '1280×720, 25 fps', state: { is: 'paused', reason: '' }, progress: 0.66, segments: strip(20, 0), notes: ['Barn left; its part was given to Studio.'] });
const stopped = job(1, 'wrong one.mkv', { state: { is: 'cancelled' }, progress: 0.1 });

const here2 = (ready: number) => here({ ready, computer: { ...studio, status: { is: 'ready' }, speed_fps: null } });
const SCENES: Record<string, Snapshot> = {
  first: { seq: 0, here: here2(2), computers: [computer('Kitchen-PC', { encoders: encoders(58, true) }), computer('attic', { encoders: encoders(12) })], jobs: [] },
  alone: { seq: 0, here: here2(0), computers: [], jobs: [] },
  busy: { seq: 0, here: here({ ready: 2, computer: studio }), computers: [kitchen, attic, barn, phone], jobs: [working, waiting, done] },
  ends: { seq: 0, here: here2(1), computers: [kitchen], jobs: [paused, stopped, done, failed] },
  missing: { seq: 0, here: here({ ffmpeg: { is: 'missing', error: { code: 'ffmpeg_too_old', message: 'The ffmpeg found is 4.4, which is too old.', help: 'Install 5.1 or newer, or choose one in the settings.' } }, notices: ['A VPN is on: other computers may not be seen. Allow local network access in it, or add them by address.'] }), computers: [], jobs: [] },
};

const OUT = '/home/ada/Videos/The Long Way Home (2019).hevc.mkv';
const FACTS = { bytes: 8_240_000_000, duration_s: 6123, picture: FILM.picture, others: '2 × sound, 3 × subtitles, chapters', output: OUT, notes: [] };

export function fakeHost(query: string): Host {
  const name = new URLSearchParams(query).get('scene') ?? 'first';
  const snapshot = SCENES[name];
  const answers: { [N in keyof Calls]?: (args: Calls[N]['args']) => Calls[N]['reply'] } = {
    snapshot: () => {
      if (!snapshot) throw new Refused('node_running', 'Manyhands already runs with this data folder.', 'Use the window or page that is open, or stop the other one first.');
      return snapshot;
    },
    settings: () => ({ name: 'Studio', donating: true, ffmpeg: null, purpose: 'smaller' }),
    set_settings: () => null,
    inspect: ({ paths, choice }) =>
      paths.map((path) => {
        const losses = choice.purpose === 'everywhere' ? ['The picture is HDR10; an 8-bit H.264 file will look different. Choose Smaller to keep it.'] : [];
        return { path, name: 'film', result: String(path).includes('notes') ? { is: 'refused', error: { code: 'not_a_video', message: 'notes.txt is not a video.', help: 'Drop a video file.' } } : { is: 'fine', ...FACTS, losses } };
      }),
    submit: ({ paths }) => paths.map((path) => ({ path, job: 9, error: null })),
    invite: () => ({ text: 'mh1:q7hd2kx4m3vv5c6y2x4lq3b5n6t7r8s9:k2j4h6g8f1d3s5a7@192.168.1.20:47820', valid_s: 600 }),
    pair: () => {
      throw new Refused('invite_expired', 'This invite is too old.', 'Make a new one on the other computer.');
    },
  };
  return {
    async call(name, args) {
      const answer = answers[name];
      return (answer ? answer(args) : null) as never;
    },
    events(listener) {
      queueMicrotask(() => listener.open());
      return () => undefined;
    },
    drops: () => () => undefined,
    choose: async (): Promise<Picked[]> => [
      { name: 'The Long Way Home (2019).mkv', path: '/films/a.mkv' },
      { name: 'notes.txt', path: '/films/notes.txt' },
    ],
    hand: async (file) => ('path' in file ? file.path : ''),
    download: () => null,
    ownsFiles: () => false,
  };
}
