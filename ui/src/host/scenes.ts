/** The scenes that the fake host plays, by name. */
import type { Away, Complaint, Computer, ConfigChange, ConfigKey, Deed, Finding, Hand, Job, Original, Preset, Segment, Shared, Snapshot } from '../generated/api';
import { DEFAULT_CHOICE } from '../generated/api';
import { computer, here, job, QUIET, segment } from './script';

const encoders = (hevc: number, hardware = false) => [
  { name: hardware ? 'hevc_nvenc' : 'libx265', codec: 'hevc' as const, hardware, fps_1080p: hevc, seats: 1 },
  { name: 'libx264', codec: 'h264' as const, hardware: false, fps_1080p: hevc * 3, seats: 1 },
  { name: 'libsvtav1', codec: 'av1' as const, hardware: false, fps_1080p: hevc * 1.4, seats: 1 },
];

/** A computer whose id is as mixed as a real one's. */
function named(name: string, over: Partial<Computer> = {}): Computer {
  let state = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0, 7);
  const digit = () => ((state = (state * 1_664_525 + 1_013_904_223) >>> 0) >>> 28).toString(16);
  return computer(name, { id: Array.from({ length: 64 }, digit).join(''), ...over });
}

const studio = named('Studio', { status: { is: 'working', segments: 2 }, encoders: encoders(21), cpu: 'AMD Ryzen 7 5800X', cores: 8, memory_mb: 32_000, load: { cpu_percent: 71, memory_used_mb: 11_400, celsius: 64 } });
const kitchen = named('Kitchen-PC', { status: { is: 'working', segments: 2 }, encoders: encoders(58, true), cpu: 'Intel Core i9-12900K', cores: 24, memory_mb: 64_000, address: '192.168.1.31:47820', load: { cpu_percent: 93, memory_used_mb: 20_800, celsius: 78 } });
const attic = named('attic', { status: { is: 'paused', reason: 'someone is using it' }, encoders: encoders(12), cpu: 'Intel Core i5-7400', cores: 4, memory_mb: 8000, load: { cpu_percent: 12, memory_used_mb: 5900, celsius: null } });
const barn = named('Barn', { status: { is: 'offline' }, last_seen_ms: Date.now() - 86_000_000 });
const phone = named('Zoë’s MacBook Pro with a very long name', { status: { is: 'nearby' } });

export const FILM = { picture: '1920×1080, 23.976 fps, HDR10', duration_s: 6123, frames_total: 146_802 };

/** Segments of which `done` are done and `working` under way, made by `who` in turn but not in order. */
export function strip(count: number, length_s: number, done: number, working: number, who: readonly Computer[]): Segment[] {
  return Array.from({ length: count }, (_, n) => {
    const after = n - done;
    const state = after < 0 ? 'done' : after >= working + 2 ? 'waiting' : after === 0 ? 'checking' : after < working ? 'encoding' : 'sent';
    const one = segment(n, (length_s * n) / count, (length_s * (n + 1)) / count, state, state === 'encoding' ? 0.15 + ((n * 37) % 70) / 100 : 0);
    // Neighbours are seldom made by the same one: whoever is free takes the next.
    const turn = who[((Math.imul(n + 1, 2_654_435_761) >>> 13) ^ (n * 5)) % who.length];
    return { ...one, attempts: n % 19 === 11 && state !== 'waiting' ? 2 : one.attempts, computer: state === 'waiting' ? null : (turn?.id ?? null) };
  });
}

/** What the segments say of who did what. */
export function hands(segments: readonly Segment[], who: readonly Computer[], frames_each: number): Hand[] {
  const of = (id: string, states: readonly string[]) => segments.filter((one) => one.computer === id && states.includes(one.state)).length;
  return who
    .map((one): Hand => {
      const done = of(one.id, ['done']);
      const best = one.encoders[0];
      const paused = one.status.is === 'paused' ? one.status.reason : null;
      return { computer: one.id, name: one.name, segments: done, working: of(one.id, ['encoding', 'checking', 'sent']), frames: done * frames_each, speed_fps: paused ? null : (best?.fps_1080p ?? 20) * 0.9, encoder: best?.name ?? null, paused, read_there: 0 };
    })
    .sort((a, b) => b.segments - a.segments);
}

/** Three that are there and willing; this computer first. */
export const trio: readonly Computer[] = [studio, kitchen, { ...attic, status: { is: 'ready' } }];
const shift = [kitchen, studio, kitchen, attic, kitchen, studio];
function working(id: number, name: string, count: number, done: number, under: number, who: readonly Computer[] = shift): Job {
  const segments = strip(count, FILM.duration_s, done, under, who);
  const progress = (done + under / 2) / count;
  return job(id, name, { ...FILM, state: { is: 'processing' }, progress, frames_done: Math.round(FILM.frames_total * progress), speed_fps: 71.4, eta_s: 1171, speed_up: 3.44, elapsed_s: 800, sent_bytes: 2_310_000_000, received_bytes: 690_000_000, segments, hands: hands(segments, [...new Set(who)], FILM.frames_total / count) });
}

const busy = working(5, 'The Long Way Home (2019).mkv', 48, 19, 5);
const doneSegments = strip(48, 1834, 48, 0, shift);
const outcome = { output: '/home/ada/Videos/holiday #3 – été.hevc.mkv', receipt: '/home/ada/Videos/holiday #3 – été.hevc.mkv.receipt.json', exact: true, verdict: 'Every one of 109,930 frames is there, in order, at its own time: proved.', frames: 109_930, bytes: 2_940_000_000, wall_s: 724 };
export const done = job(4, 'holiday #3 – été.mp4', { ...FILM, duration_s: 1834, picture: '3840×2160, 59.94 fps', state: { is: 'completed', outcome }, progress: 1, speed_up: 2.9, segments: doneSegments, hands: hands(doneSegments, [kitchen, studio, attic], 2290).map((hand) => ({ ...hand, working: 0 })) });
const original = (id: number, over: Partial<Original> = {}): Original => ({ job: id, source: '/films/school play.mkv', output: '/films/school play.mkv', kept: '/films/school play.mkv.bak', bytes: 8_240_000_000, replaced_ms: Date.now() - 3_600_000, until_ms: Date.UTC(2031, 11, 29, 12), state: 'kept', trouble: null, ...over });
/** Videos that were replaced by their results, in every way that can end. */
const replaced = (['kept', 'kept', 'restored', 'deleted'] as const).map((state, n) =>
  job(20 + n, `school play ${n + 1}.mkv`, { ...FILM, state: { is: 'completed', outcome: { ...outcome, output: '/films/school play.mkv' } }, progress: 1, original: original(20 + n, n === 1 ? { until_ms: null, trouble: null } : { state }) }),
);
const failed = job(3, 'broken download.mkv', { state: { is: 'failed', error: { code: 'damaged', message: 'The file ends in the middle of a frame at 0:41:07.', help: 'Copy it again from where it came from.' } }, progress: 0.31 });
const waiting = job(6, 'next.mkv', { ...FILM, state: { is: 'queued' }, place: 1 });
const last = job(7, 'The Attic Tapes.mov', { ...FILM, picture: '720×576, 25 fps', state: { is: 'queued' }, place: 2 });
const paused = job(2, 'talk.mp4', { ...FILM, picture: '1280×720, 25 fps', state: { is: 'paused', reason: '' }, progress: 0.66, elapsed_s: 312, segments: strip(20, FILM.duration_s, 12, 0, [studio]), notes: ['Barn left; its part was given to Studio.'] });
const stopped = job(1, 'wrong one.mkv', { state: { is: 'cancelled' }, progress: 0.1 });

const TITLES = ['Grandmother’s 80th, part 2.mov', 'Lecture 11 – Fourier.mp4', 'Été à la mer.mkv', 'drone_0042.mp4', 'school play.mts', 'Die lange Reise nach Hause.mkv', 'screen recording.mov', 'goal of the month.webm'];
const DAY = 86_400_000;
const older = TITLES.map((name, n) =>
  job(100 + n, name, {
    ...FILM,
    source_bytes: 900_000_000 * (n + 2),
    created_ms: Date.now() - (n + 1) * DAY,
    finished_ms: Date.now() - (n + 1) * DAY + 900_000,
    state: n === 3 ? { is: 'cancelled' } : n === 6 ? failed.state : { is: 'completed', outcome: { ...outcome, bytes: 380_000_000 * (n + 1), wall_s: 400 + 90 * n } },
    progress: 1,
    hands: done.hands.slice(0, 1 + (n % 3)),
  }),
);

/** The parts of the older ones, as the journal has them. */
export const PAST_STRIPS: [number, Segment[]][] = older.map((one, n) => [one.id, strip(30 + 7 * n, FILM.duration_s, 30 + 7 * n, 0, [kitchen, studio, attic].slice(0, 1 + (n % 3)))]);

const crowd = Array.from({ length: 50 }, (_, n) => named(`render-${String(n + 1).padStart(2, '0')}`, { status: { is: 'working', segments: 2 }, encoders: encoders(18 + (n % 7) * 6), cores: 16 }));

export const idle = (ready: number) => here({ ready, computer: { ...studio, status: { is: 'ready' } } });

/** Every way in which two computers may stand to each other. */
const household = [
  { ...kitchen, status: { is: 'ready' as const }, lets_us: true, asks_us: true },
  { ...attic, status: { is: 'not_helping' as const }, lets_us: false, asks_us: true },
  named('Loft', { helps_us: false, encoders: encoders(31), asks_us: false, trouble: 'It may no longer use this computer: 2 parts were given back.', we_help: false }),
  { ...barn, we_help: false },
];

/** A paired computer that shows another key than before: that one is near. */
const stranger = named('Kitchen-PC', { id: named('reinstalled').id, status: { is: 'nearby' } });
const changed = [{ ...kitchen, status: { is: 'other_identity' as const, presented: stranger.id } }, { ...attic, status: { is: 'ready' as const } }, stranger, named('hidden', { name: '', status: { is: 'nearby' } })];
const TWIN = 'Studio at 192.168.1.44:47820 has this computer’s identity: the data folder of one of the two was copied from the other. Neither can help the other, and those they are paired with take them for one.';

/** What somebody else could call a computer or a film, to do something on this page; and say it twice. */
export const HOSTILE = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>';
const foe = named(HOSTILE, { status: { is: 'set_aside', reason: HOSTILE }, trouble: HOSTILE, cpu: HOSTILE, address: HOSTILE, encoders: Array.from({ length: 2 }, () => ({ name: HOSTILE, codec: 'hevc' as const, hardware: false, fps_1080p: 12, seats: 1 })) });
const trap = job(8, HOSTILE, { ...FILM, picture: HOSTILE, state: { is: 'paused', reason: HOSTILE }, notes: [HOSTILE, HOSTILE], segments: strip(8, FILM.duration_s, 3, 0, [foe]), hands: hands(strip(8, FILM.duration_s, 3, 0, [foe]), [foe], 100) });
const burst = job(9, HOSTILE, { state: { is: 'failed', error: { code: 'damaged', message: HOSTILE, help: HOSTILE } } });

/** A computer that takes whole films, and films in every step of their way there and back. */
const nas = named('NAS', { encoders: encoders(34), cpu: 'AMD Ryzen V1500B', cores: 8, memory_mb: 16_000, takes_films: true });
const sent = (id: number, name: string, step: Away['step'], over: Partial<Away> = {}, more: Partial<Job> = {}): Job =>
  job(id, name, { ...FILM, state: { is: 'processing' }, place: 36 - id, away: { computer: nas.id, name: nas.name, participates: true, leaves: false, step, moved: 0, of: 0, ...over }, ...more });
const journeys = [
  sent(36, 'The Attic Tapes.mov', 'waiting', { participates: false }, { state: { is: 'queued' } }),
  sent(35, 'The Long Way Home (2019).mkv', 'sending', { moved: 1_240_000_000, of: 4_000_000_000 }, { source_bytes: 4_000_000_000, eta_s: 2400 }),
  sent(34, 'Lecture 11 – Fourier.mp4', 'working', { leaves: true }, { progress: 0.43, frames_done: 63_125, speed_fps: 88, eta_s: 950, elapsed_s: 700 }),
  sent(33, 'Été à la mer.mkv', 'ready', { leaves: true, of: 1_700_000_000 }, { progress: 1 }),
  sent(32, 'drone_0042.mp4', 'fetching', { moved: 300_000_000, of: 1_100_000_000 }, { progress: 1, eta_s: 40 }),
  sent(31, 'school play.mts', 'checking', { moved: 700_000_000, of: 910_000_000 }, { state: { is: 'combining' }, progress: 1 }),
  job(30, 'goal of the month.webm', { ...FILM, choice: { ...DEFAULT_CHOICE, on: { computer: nas.id, participate: true, leave: false } }, state: done.state, progress: 1, finished_ms: Date.now() - 60_000 }),
];

/** Two of three found the film where it lies: little of it had to be sent. */
const lying: Job = { ...busy, name: 'On the NAS.mkv', place: 0, sent_bytes: 310_000_000, hands: busy.hands.map((hand, n) => ({ ...hand, read_there: [9, 0, 1][n] ?? 0 })) };

export const SCENES: Record<string, Snapshot> = {
  lying: { seq: 0, pairing: QUIET, here: here({ ready: 2, computer: studio }), computers: [kitchen, attic], jobs: [lying] },
  takes: { seq: 0, pairing: QUIET, here: idle(2), computers: [nas, { ...attic, status: { is: 'ready' } }, barn], jobs: [] },
  away: { seq: 0, pairing: QUIET, here: idle(1), computers: [nas], jobs: journeys },
  sent: { seq: 0, pairing: QUIET, here: idle(2), computers: [named('Laptop', { cores: 4, encoders: encoders(9) }), kitchen], jobs: [{ ...busy, id: 11, name: 'holiday from Laptop.mkv', place: 0, sent_by: 'Laptop' }, { ...done, id: 10, sent_by: 'Laptop' }] },
  first: { seq: 0, pairing: QUIET, here: idle(2), computers: [named('Kitchen-PC', { encoders: encoders(58, true), cores: 24 }), named('attic', { encoders: encoders(12), cores: 4 })], jobs: [] },
  alone: { seq: 0, pairing: QUIET, here: idle(0), computers: [], jobs: [] },
  busy: { seq: 0, pairing: QUIET, here: here({ ready: 2, computer: studio, given_cores: 6 }), computers: [kitchen, attic, barn, phone], jobs: [{ ...busy, place: 0 }, waiting, last, done] },
  ten: { seq: 0, pairing: QUIET, here: here({ ready: 2, computer: studio }), computers: [kitchen, attic], jobs: [working(1, 'Ten parts.mkv', 10, 4, 4)] },
  many: { seq: 0, pairing: QUIET, here: here({ ready: 50, computer: studio }), computers: crowd.slice(0, 7), jobs: [working(2, 'Two thousand parts.mkv', 2000, 860, 60, crowd.slice(0, 7)), working(1, 'Two hundred parts.mkv', 200, 120, 12, [studio, ...crowd.slice(0, 4)])] },
  asking: { seq: 0, pairing: { ...QUIET, asking: { id: phone.id, name: phone.name, code: '482 913', left_s: 103, tries: 3 } }, here: idle(0), computers: [phone], jobs: [] },
  asked: { seq: 0, pairing: { ...QUIET, request: { id: phone.id, name: phone.name, left_s: 96, tries: 2 } }, here: { ...idle(0), donating: false }, computers: [phone], jobs: [] },
  changed: { seq: 0, pairing: QUIET, here: idle(1), computers: changed, jobs: [] },
  twin: { seq: 0, pairing: QUIET, here: { ...idle(0), twin: TWIN }, computers: [], jobs: [] },
  hostile: { seq: 0, pairing: { asking: null, request: { id: foe.id, name: HOSTILE, left_s: 90, tries: 3 }, refusal: null }, here: { ...idle(1), twin: HOSTILE, notices: [HOSTILE, HOSTILE] }, computers: [foe, named('near', { name: HOSTILE, status: { is: 'nearby' } })], jobs: [trap, burst] },
  rests: { seq: 0, pairing: QUIET, here: { ...idle(1), helping: { ...idle(1).helping, rest: { is: 'on_battery' }, on_battery: true, begun: 2, stands_still: true } }, computers: household, jobs: [] },
  rights: { seq: 0, pairing: QUIET, here: { ...idle(1), donating: false }, computers: household, jobs: [] },
  ends: { seq: 0, pairing: QUIET, here: idle(1), computers: [kitchen], jobs: [paused, stopped, done, failed] },
  replaced: { seq: 0, pairing: QUIET, here: idle(1), computers: [kitchen], jobs: replaced },
  history: { seq: 0, pairing: QUIET, here: idle(1), computers: [kitchen], jobs: [done, ...older] },
  missing: { seq: 0, pairing: QUIET, here: here({ ffmpeg: { is: 'missing', error: { code: 'ffmpeg_too_old', message: 'The ffmpeg found is 4.4, which is too old.', help: 'Install 5.1 or newer, or choose one in the settings.' } }, notices: ['A VPN is on: other computers may not be seen. Allow local network access in it, or add them by address.'] }), computers: [], jobs: [] },
};

/** Work for a measurement: one film in so many parts, by so many computers, at the given moment. */
export function load(parts: number, computers: number, moment: number): Job {
  return { ...working(1, 'A long film.mkv', parts, Math.min(parts - 20, 40 + moment), 16, crowd.slice(0, computers)), eta_s: 1000 - moment };
}

export function loadScene(parts: number, computers: number): Snapshot {
  return { seq: 0, pairing: QUIET, here: here({ ready: computers, computer: studio }), computers: crowd.slice(0, computers), jobs: [load(parts, computers, 0)] };
}

const deed = (one: Computer, hours: number, over: Partial<Deed>): Deed => ({ computer: one.id, name: one.name, segments: 14, frames: 33_600, received_bytes: 3_100_000_000, sent_bytes: 410_000_000, seconds: 1480, began_ms: Date.now() - hours * 3_600_000, ended_ms: Date.now() - hours * 3_600_000 + 1_560_000, ...over });
/** What was done for others. */
export const DEEDS: Deed[] = [deed(kitchen, 3, {}), deed(attic, 26, { segments: 1, received_bytes: 41_000_000, sent_bytes: 9_300_000 }), deed(foe, 50, { segments: 212 })];

/** Something that looks like a QR code of an invite; a camera reads nothing in it. */
export const QR: string[] = Array.from({ length: 45 }, (_, y) =>
  Array.from({ length: 45 }, (_, x) => {
    const [across, down] = [Math.min(x, 44 - x), Math.min(y, 44 - y)];
    const corner = across < 8 && down < 8 && !(x > 36 && y > 36);
    if (!corner) return (x * 7 + y * 13 + ((x * y) >> 2)) % 5 < 2 ? '1' : '0';
    const ring = Math.max(Math.abs(across - 3), Math.abs(down - 3));
    return ring === 2 || ring > 3 ? '0' : '1';
  }).join(''),
);

export const PRESETS: Preset[] = [
  { name: 'Living-room TV', choice: { ...DEFAULT_CHOICE, purpose: 'everywhere', quality: 22 } },
  { name: 'Archive', choice: { ...DEFAULT_CHOICE, purpose: 'keep', speed: 'slow' } },
];

/** What is wrong with a file of settings (`?broken`). */
export const COMPLAINTS: Complaint[] = [
  { source: 'config.toml', line: 12, says: '`prot` is not a setting. Did you mean `port`?' },
  { source: 'config.toml', line: 14, says: '`limit` has to be a size such as "50GB", or a number of bytes, not `"much"`.' },
];

/** Another farm's settings (`?farm`), and what they come to here. */
export const FARM = '{"media_directories": ["/media/films"], "temp_directory": "/mnt/tmp", "web_port": 8091, "testing_mode": true, "workers": 4}';
export const FARM_CHANGES: ConfigChange[] = [
  { key: 'temp.dir', before: '', after: '"/mnt/tmp"' },
  { key: 'web.port', before: '8090', after: '8091' },
  { key: 'library.folders', before: '', after: '[[library.folders]]\npath = "/media/films"' },
];

/** What stands in variables (`?fixed`). */
export const FIXED: ConfigKey[] = [
  { key: 'web.port', value: '8091', usual: '8090', from: { is: 'variable', name: 'MANYHANDS_WEB_PORT' } },
  { key: 'temp.dir', value: '"/mnt/fast"', usual: 'the data folder', from: { is: 'variable', name: 'MANYHANDS_TEMP_DIR' } },
  { key: 'donate.enabled', value: 'true', usual: 'false', from: { is: 'variable', name: 'MANYHANDS_DONATE_ENABLED' } },
  { key: 'donate.cores', value: '6', usual: 'all of them', from: { is: 'variable', name: 'MANYHANDS_DONATE_CORES' } },
  { key: 'library.folders', value: '["/media/films"]', usual: 'none', from: { is: 'variable', name: 'MANYHANDS_LIBRARY_FOLDERS' } },
  { key: 'library.hours', value: '["sat,sun"]', usual: 'always', from: { is: 'variable', name: 'MANYHANDS_LIBRARY_HOURS' } },
  { key: 'donate.hours', value: '["sat,sun"]', usual: 'always', from: { is: 'variable', name: 'MANYHANDS_DONATE_HOURS' } },
];

/** Storage that several computers see (`?stored`). */
export const STORED: Shared = { read: true, folders: ['/mnt/nas/films', '/run/media/ada/Films of many years'], paths: [{ theirs: 'Z:\\films', here: '/mnt/nas/films' }] };

export const FINDINGS: Finding[] = [
  { subject: 'ffmpeg', level: 'good', says: 'n9.0.2 at /usr/lib/manyhands/ffmpeg, the one that came with the app.', help: '' },
  { subject: 'encoder libx265', level: 'good', says: 'Works: 21 frames a second at 1080p.', help: '' },
  { subject: 'encoder hevc_nvenc', level: 'note', says: 'Does not work here: no NVIDIA driver was found.', help: 'Install the driver if this computer has an NVIDIA card; otherwise nothing is missing.' },
  { subject: 'network', level: 'bad', says: 'Other computers cannot be heard: multicast is blocked on wlan0.', help: 'Allow Manyhands in the firewall, or add computers by their address in the settings.' },
  { subject: 'disk', level: 'good', says: '212 GB are free in the data folder.', help: '' },
  { subject: 'interface wlan0', level: 'good', says: '192.168.1.20: computers are looked for here.', help: '' },
  { subject: 'announcements', level: 'bad', says: 'This computer’s own announcement was not heard back.', help: 'A firewall on this computer may block it: let UDP port 5353 through. Addresses and invites work all the same.' },
  { subject: 'firewall', level: 'note', says: 'The firewall ufw is on. Manyhands needs two ports.', help: 'sudo ufw allow 47820/tcp && sudo ufw allow 5353/udp' },
];
