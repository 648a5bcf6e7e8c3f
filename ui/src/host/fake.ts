/** A host without a node: plays scenes by name (`?scene=first`), for design work, tests and screenshots. */
import { flushSync } from 'svelte';
import { libraryAnswers, libraryRules } from './shelf';
import type { ApiKey, BenchProgress, Calls, Forecast, Job, Purpose, Settings, Wishes } from '../generated/api';
import { drops, readText } from './http';
import { DEFAULT_CHOICE } from '../generated/api';
import { painting } from './painting';
import { perform, Play } from './play';
import { COMPLAINTS, DEEDS, FARM, FARM_CHANGES, FILM, FINDINGS, FIXED, load, loadScene, PAST_STRIPS, PRESETS, QR, SCENES, STORED, trio } from './scenes';
import { HALFWAY, houseFigures, houseTimeline, MEASURED } from './times';
import { t } from '../words/words.svelte';
import { Refused, type EventListener, type Host, type Picked } from './types';

const OUT = '/home/ada/Videos/The Long Way Home (2019).hevc.mkv';
const FACTS = { bytes: 8_240_000_000, duration_s: FILM.duration_s, picture: FILM.picture, others: '2 × sound, 3 × subtitles, chapters', output: OUT, notes: [] };

const forecast = (purpose: Purpose, share: number, seconds: number): Forecast => ({ purpose, bytes_low: 8.24e9 * share * 0.8, bytes_high: 8.24e9 * share * 1.4, seconds, alone_s: seconds * 3.3, computers: 3 });
const OUTLOOK = [forecast('everywhere', 0.52, 900), forecast('smaller', 0.3, 2100), forecast('smallest', 0.2, 3300), forecast('keep', 0.66, 2700)];

const RECEIPT = {
  receipt: 1,
  exact: true,
  frames: 109_930,
  segments: Array.from({ length: 48 }, (_, index) => ({ index, packets_identical: true, proof: { frames: 2290, decoded_by: index % 3 === 0 ? 'owner' : 'donor', compared: [{}, {}] } })),
  file: { carried: [{ kind: 'audio', same: 'packets' }, { kind: 'audio', same: 'packets' }, { kind: 'subtitle', same: 'text' }] },
};

/** What takes its time where `slow` asks for that. */
const SLOW: readonly (keyof Calls)[] = ['inspect', 'wishes', 'submit', 'set_settings'];

type Answers = { [N in keyof Calls]?: (args: Calls[N]['args']) => Calls[N]['reply'] };

function answersOf(name: string, query: URLSearchParams, play: Play): Answers {
  const number = (key: string, usual: number) => Number(query.get(key) ?? usual);
  const snapshot = name === 'play' ? play.snapshot() : name === 'load' ? loadScene(number('parts', 2000), number('computers', 50)) : SCENES[name];
  let settings: Settings = { name: 'Studio', hide_name: false, donating: true, donate_cores: 6, helping: { mode: 'polite', hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from_min: 1320, to_min: 360 }, { days: ['sat', 'sun'], from_min: 0, to_min: 1440 }], programs: ['obs', 'blender'], keep_free: null }, ffmpeg: null, purpose: 'smaller', temp: null, temp_limit: null, bandwidth: null, port: null, web_port: null, replace: { testing_mode: false, keep: { days: 30 } }, library: libraryRules(query.has('watched')), whole_films: true, shared: query.has('stored') ? STORED : { read: true, folders: [], paths: [] } };
  // Segments of jobs of an earlier run are told only when somebody asks.
  const strips = new Map(PAST_STRIPS);
  let keys: ApiKey[] = [{ id: 1, name: 'Kitchen display', scopes: ['read', 'metrics'], created_ms: Date.now() - 8.64e8, used_ms: Date.now() - 3.6e6 }];
  let measured = name === 'first' ? [] : [...MEASURED];
  let measuring: BenchProgress | null = null;
  let wishes: Wishes = { last: null, presets: query.has('presets') ? PRESETS : [] };
  const refuse = () => {
    if (query.has('refuse')) throw new Refused('bad_request', 'This cannot be set now.', 'It is only a test.');
  };
  return {
    snapshot: () => {
      if (name === 'locked') throw new Refused('signed_out', 'Sign in with the page’s password.');
      if (!snapshot) throw new Refused('node_running', 'Manyhands already runs with this data folder.', 'Use the window or page that is open, or stop the other one first.');
      return snapshot;
    },
    settings: () => settings,
    set_settings: ({ settings: next }) => {
      refuse();
      settings = next;
      return null;
    },
    donate: () => {
      refuse();
      return null;
    },
    config: () => ({ path: '/home/ann/.local/share/manyhands/config.toml', exists: true, complaints: query.has('broken') ? COMPLAINTS : [], keys: query.has('fixed') ? FIXED : [] }),
    reload_config: () => ({ changed: ['web.port'], later: ['web.port'] }),
    import_config: () => ({ changes: FARM_CHANGES, notes: ['`workers` is nothing that is known here: it is left out.'] }),
    strip: ({ id }) => strips.get(id) ?? [],
    figures: ({ days }) => (name === 'first' || name === 'alone' ? { ...houseFigures(0, trio), days: [], computers: [], shares: [] } : houseFigures(days, trio)),
    bench: () => ({ running: measuring, failed: null, runs: measured, usual: [1, 2, 4, 8], demo: { ...DEFAULT_CHOICE.filters, deblock: true, denoise: 'strong', sharpen: 'strong' } }),
    start_bench: ({ workers }) => {
      measuring = { film: null, workers: workers.length > 0 ? workers : [1, 2, 4, 8], rows: HALFWAY, progress: 0.4 };
      return null;
    },
    stop_bench: () => {
      measuring = null;
      return null;
    },
    forget_bench: ({ began_ms }) => {
      measured = measured.filter((one) => one.began_ms !== began_ms);
      return null;
    },
    timeline: ({ id }) => houseTimeline(id, trio, snapshot?.jobs.some((one) => one.id === id && one.state.is === 'processing') ?? false),
    reach: ({ address }) => ({ findings: [{ subject: `${address}:47820`, level: 'bad', says: 'A computer is there, but nothing listens at port 47820.', help: 'Start Manyhands on it. If it runs, its settings show the port: it is 47820 or one of the next nine.' }] }),
    wishes: () => wishes,
    set_wishes: ({ wishes: next }) => {
      wishes = next;
      return null;
    },
    originals: () => (SCENES[name]?.jobs ?? []).flatMap((one) => (one.original === null ? [] : [one.original])),
    given: () => ({ segments: 412, frames: 98_880, bytes: 5_100_000_000, seconds: 13_400, computers: 2 }),
    still: ({ film, at_s, exact }) => {
      const job = film.is === 'file' ? undefined : snapshot?.jobs.find((one) => one.id === film.job);
      const length = job?.duration_s ?? FILM.duration_s;
      // Every frame begins at a multiple of its duration, as in a real film.
      const frame = Math.ceil(at_s * 24 - 1e-6) / 24;
      return { at_s: frame, next_s: exact ? frame + 1 / 24 : null, jpeg: painting(frame / length, film.is === 'result') };
    },
    forecast: ({ choice }) => ({ chosen: OUTLOOK.find((one) => one.purpose === choice.purpose) ?? (OUTLOOK[1] as Forecast), purposes: OUTLOOK }),
    inspect: ({ paths, choice }) =>
      paths.map((path) => {
        const losses = choice.purpose === 'everywhere' ? ['The picture is HDR10; an 8-bit H.264 file will look different. Choose Smaller to keep it.'] : [];
        const notes = choice.filters.crop === 'auto' ? [...FACTS.notes, 'The picture becomes 1920×800 (from 1920×1080).'] : FACTS.notes;
        return { path, name: 'film', result: String(path).includes('notes') ? { is: 'refused', error: { code: 'not_a_video', message: 'notes.txt is not a video.', help: 'Drop a video file.' } } : { is: 'fine', ...FACTS, losses, notes } };
      }),
    submit: ({ paths, choice }) => {
      // For the tests to look at.
      Object.assign(window, { submitted: choice, started: paths });
      return paths.map((path) => ({ path, job: 9, error: null }));
    },
    ...libraryAnswers(query),
    receipt: () => RECEIPT,
    doctor: () => ({ findings: FINDINGS }),
    clean: () => ({ removed: 12, bytes: 1_400_000_000, kept_jobs: 1 }),
    invite: () => ({ text: 'mh1:q7hd2kx4m3vv5c6y2x4lq3b5n6t7r8s9:k2j4h6g8f1d3s5a7@192.168.1.20:47820', valid_s: 600, qr: QR }),
    keys: () => keys,
    new_key: ({ name: called, scopes }) => {
      const key = { id: keys.length + 1, name: called, scopes, created_ms: Date.now(), used_ms: null };
      keys = [...keys, key];
      return { key, text: `mhk_${'51c0ffee'.repeat(8)}` };
    },
    revoke_key: ({ id }) => {
      keys = keys.filter((one) => one.id !== id);
      return null;
    },
    deeds: () => (name === 'history' || name === 'hostile' ? DEEDS : []),
    pair: () => {
      throw new Refused('invite_expired', 'This invite is too old.', 'Make a new one on the other computer.');
    },
  };
}

/** Plays updates of a large job on demand, and measures how long the page takes for each. */
function player(listener: EventListener, query: URLSearchParams): void {
  let seq = 0;
  const parts = Number(query.get('parts') ?? 2000);
  const computers = Number(query.get('computers') ?? 50);
  Object.assign(window, {
    update: (): number => {
      seq += 1;
      const event = JSON.stringify({ seq, event: { is: 'job', what: load(parts, computers, seq) } });
      const before = performance.now();
      listener.event(JSON.parse(event));
      flushSync();
      // Reading a size makes the browser lay out what has changed: that is part of the price.
      void document.body.offsetHeight;
      return performance.now() - before;
    },
  });
}

export function fakeHost(search: string): Host {
  const query = new URLSearchParams(search);
  const name = query.get('scene') ?? 'first';
  const play = new Play();
  const answers = answersOf(name, query, play);
  const browser = query.has('browser');
  let told: EventListener | null = null;
  let seq = 0;
  let queue = (SCENES[name]?.jobs ?? []).filter((one) => one.place !== null).sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  const give = ({ donate_cores }: Settings) => {
    const here = SCENES[name]?.here;
    if (here) told?.event({ seq: ++seq, event: { is: 'here', what: { ...here, given_cores: donate_cores ?? here.computer.cores } } });
  };
  const allow = ({ id, helps_us, we_help }: Calls['set_rights']['args']) => {
    const one = SCENES[name]?.computers.find((other) => other.id === id);
    if (one) told?.event({ seq: ++seq, event: { is: 'computer', what: { ...one, helps_us: helps_us ?? one.helps_us, we_help: we_help ?? one.we_help } } });
  };
  const settle = (id: number, state: 'restored' | 'deleted') => {
    const what = SCENES[name]?.jobs.find((one) => one.id === id);
    if (what?.original) told?.event({ seq: ++seq, event: { is: 'job', what: { ...what, original: { ...what.original, state } } } });
  };
  /** What was left with another computer comes back. */
  const bring = ({ id }: Calls['fetch']['args']) => {
    const what = SCENES[name]?.jobs.find((one) => one.id === id);
    if (what?.away) told?.event({ seq: ++seq, event: { is: 'job', what: { ...what, away: { ...what.away, step: 'fetching', moved: 200_000_000 } } } });
  };
  const reorder = ({ id, to }: Calls['reorder']['args']) => {
    const at = queue.findIndex((one) => one.id === id);
    const rest = queue.filter((one) => one.id !== id);
    const place = { top: 0, up: Math.max(0, at - 1), down: at + 1, bottom: rest.length }[to];
    queue = [...rest.slice(0, place), queue[at] as Job, ...rest.slice(place)].map((one, n) => ({ ...one, place: n }));
    for (const what of queue) told?.event({ seq: ++seq, event: { is: 'job', what } });
  };
  const stop = ({ id }: Calls['cancel']['args']) => {
    const what = SCENES[name]?.jobs.find((one) => one.id === id);
    if (what) told?.event({ seq: ++seq, event: { is: 'job', what: { ...what, state: { is: 'cancelled' }, place: null, finished_ms: Date.now() } } });
  };
  const held = ({ id }: Calls['pause']['args'], on: boolean) => {
    const what = SCENES[name]?.jobs.find((one) => one.id === id);
    if (what) told?.event({ seq: ++seq, event: { is: 'job', what: on ? { ...what, state: { is: 'paused', reason: '' } } : what } });
  };
  /** Nobody answers any more, until somebody does again. */
  let gone = false;
  const slow = Number(query.get('slow') ?? 0);
  const wait = (signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (slow === 0) return resolve();
      setTimeout(resolve, slow);
      signal?.addEventListener('abort', () => reject(new Refused('cancelled', t().host.stopped)));
    });
  /** How often each call was asked for. */
  const asked: Record<string, number> = {};
  // What the tests do from outside: the connection is lost, and somebody else sets something.
  Object.assign(window, {
    fake: {
      asked,
      lose: () => {
        gone = true;
        told?.lost();
      },
      find: () => {
        gone = false;
        told?.open();
      },
      set: (change: (settings: Settings) => Settings) => answers.set_settings?.({ settings: change(answers.settings?.({}) as Settings) }),
    },
  });
  const files: Picked[] = [{ name: 'The Long Way Home (2019).mkv', path: '/films/a.mkv' }];
  let atLogin = false;
  if (query.has('two')) files.push({ name: 'notes.txt', path: '/films/notes.txt' });
  return {
    async call(name, args) {
      asked[name] = (asked[name] ?? 0) + 1;
      if (gone) throw new Refused('not_reached', t().host.unreached, t().host.unreachedHelp);
      if (SLOW.includes(name)) await wait();
      if (name === 'pause' || name === 'resume') held(args as Calls['pause']['args'], name === 'pause');
      if (name === 'unpair') told?.event({ seq: ++seq, event: { is: 'computer_gone', what: (args as Calls['unpair']['args']).id } });
      if (name === 'cancel') stop(args as Calls['cancel']['args']);
      if (name === 'forget') told?.event({ seq: ++seq, event: { is: 'job_gone', what: (args as Calls['forget']['args']).id } });
      if (name === 'reorder') reorder(args as Calls['reorder']['args']);
      if (name === 'fetch') bring(args as Calls['fetch']['args']);
      if (name === 'set_rights') allow(args as Calls['set_rights']['args']);
      if (name === 'undo') settle((args as Calls['undo']['args']).id, 'restored');
      if (name === 'delete_original') settle((args as Calls['delete_original']['args']).id, 'deleted');
      const answer = answers[name];
      const reply = (answer ? answer(args) : null) as never;
      if (name === 'set_settings') give((args as Calls['set_settings']['args']).settings);
      return reply;
    },
    events(listener) {
      told = listener;
      queueMicrotask(() => listener.open());
      if (name === 'load') player(listener, query);
      return name === 'play' ? perform(play, listener, Number(query.get('speed') ?? 4)) : () => undefined;
    },
    drops,
    choose: async () => files,
    hand: async (file, progress, signal) => {
      progress(0.3);
      await wait(signal);
      return 'path' in file ? file.path : `/films/${file.name}`;
    },
    text: async (file) => ('file' in file ? readText(file.file) : FARM),
    open: browser ? null : async () => undefined,
    show: browser ? null : async () => undefined,
    speak: null,
    folder: browser ? null : async () => '/home/ada/Videos',
    signIn: async () => (name === 'locked' ? async () => { throw new Refused('signed_out', 'This is not the page’s password.'); } : null),
    exposed: async () => query.has('exposed'),
    login: browser ? null : { starts: async () => atLogin, start: async (on) => void (atLogin = on) },
    take: async () => query.has('farm') ? FARM : JSON.stringify({ kind: 'manyhands-presets', version: 1, presets: PRESETS }),
    keep: async (name, what) => {
      // For the tests to look at.
      Object.assign(window, { kept: [...((window as { kept?: unknown[] }).kept ?? []), { name, what }] });
      return true;
    },
    download: (job: Job) => (browser ? `/api/output/${job.id}` : null),
    ownsFiles: () => false,
  };
}
