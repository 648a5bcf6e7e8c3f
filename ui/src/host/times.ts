/** Timelines that the fake host shows: a house at work for a quarter of an hour, with all that can go wrong. */
import type { BenchRow, BenchRun, Cause, Computer, Day, DayShare, Figures, JobId, Spent, Stint, Timeline, TimelineComputer } from '../generated/api';

import { DEFAULT_CHOICE } from '../generated/api';

const NOTHING: Spent = { encode: 0, check: 0, transfer: 0, give_back: 0, away: 0, other: 0, seat: 0, late: 0, idle: 0, tail: 0 };

/** How a computer works: how long it encodes a part, how long that is on the way, from when on, ms. */
interface Pace {
  encode: number;
  transfer: number;
  from: number;
  lanes: number;
}

/** What became of its parts, one after the other in each of its lanes, until `end`. */
function work(pace: Pace, here: boolean, first: number, step: number, end: number): Stint[] {
  const stints: Stint[] = [];
  for (let lane = 0; lane < pace.lanes; lane += 1) {
    let free = pace.from + lane * 900;
    for (let n = 0; ; n += 1) {
      const segment = first + (n * pace.lanes + lane) * step;
      // Uneven, as parts of a film are.
      const encode = pace.encode * (0.8 + ((segment * 37) % 41) / 100);
      const given = n === 0 ? free : Math.max(free - pace.transfer * 0.7, pace.from);
      const delivered = here ? given : given + pace.transfer;
      const began = Math.max(free, delivered);
      const encoded = began + encode;
      if (encoded > end) break;
      const finished = here ? encoded : encoded + encode * 0.05;
      const returned = here ? finished : finished + pace.transfer * 0.25;
      free = finished;
      stints.push({ segment, frames: 576, attempt: 1, hedge: false, lane, given_ms: given, delivered_ms: delivered, began_ms: began, encoded_ms: encoded, finished_ms: finished, returned_ms: returned, ended_ms: returned + 250, fate: 'verified', why: '', sent_bytes: here ? 0 : 31_000_000, received_bytes: here ? 0 : 9_400_000 });
    }
  }
  return stints.sort((a, b) => a.given_ms - b.given_ms);
}

function of(one: Computer, here: boolean, stints: Stint[], work_ms: number, spent: Partial<Spent>, lanes: number): TimelineComputer {
  const other = Object.values(spent).reduce((sum, ms) => sum + ms, 0);
  const good = stints.filter(({ fate }) => fate === 'verified').length;
  return { computer: one.id, name: one.name, here, parts: good, frames: good * 576, rate: here ? null : 4_400_000, spent: { ...NOTHING, ...spent, encode: work_ms - other }, lanes, stints, others: [], absences: [] };
}

/** The quarter of an hour of three computers; `live` stops in the middle of it. */
export function houseTimeline(job: JobId, [studio, kitchen, attic]: readonly Computer[], live: boolean): Timeline {
  const end = live ? 430_000 : 812_000;
  const work_ms = end - 2400;
  const here = of(studio as Computer, true, work({ encode: 31_000, transfer: 0, from: 2400, lanes: 2 }, true, 0, 4, end - 30_000), work_ms, { other: live ? 0 : 12_000, tail: live ? 0 : 26_900 }, 2);
  // While the last part is encoded it waits for that no longer: it goes on with another video.
  if (!live) here.others.push({ job: job + 2, began_ms: end - 22_000, ended_ms: end - 10_000 });
  // In the middle it does parts of another video, for so long that the next part of this one waits for a seat.
  const quick: Pace = { encode: 13_000, transfer: 7000, from: 2600, lanes: 1 };
  const before = work(quick, false, 1, 2, 300_000);
  const after = work({ ...quick, from: 352_000 }, false, 1 + 2 * before.length, 2, end - 30_000);
  Object.assign(after[0] as Stint, { given_ms: 343_000, delivered_ms: 350_000 });
  const fast = of(kitchen as Computer, false, [...before, ...after], work_ms, { transfer: 121_000, check: 21_000, give_back: 4000, other: live ? 71_800 : 43_000, seat: 7000, tail: live ? 0 : 34_400 }, 1);
  fast.others.push({ job: job + 1, began_ms: before.at(-1)?.ended_ms ?? 0, ended_ms: 352_000 });
  if (live) fast.others.push({ job: job + 2, began_ms: after.at(-1)?.ended_ms ?? 0, ended_ms: null });
  const slow = of(attic as Computer, false, work({ encode: 62_000, transfer: 3000, from: 96_000, lanes: 1 }, false, 3, 6, end - 80_000), work_ms, { late: 93_600, away: 74_000, check: 14_000 }, 1);
  const lost = slow.stints[2];
  if (lost) {
    Object.assign(lost, { encoded_ms: null, finished_ms: null, returned_ms: null, ended_ms: (lost.began_ms ?? 0) + 30_000, fate: 'lost', why: 'the connection broke', sent_bytes: 0, received_bytes: 0 });
    slow.absences.push({ began_ms: (lost.ended_ms ?? 0) as number, ended_ms: (lost.ended_ms ?? 0) + 40_000, why: 'away' });
  }
  const last: Stint = { segment: 47, frames: 576, attempt: 1, hedge: false, lane: 0, given_ms: end - 78_000, delivered_ms: end - 75_000, began_ms: end - 75_000, encoded_ms: end - 4000, finished_ms: end - 1200, returned_ms: end - 300, ended_ms: end, fate: 'verified', why: '', sent_bytes: 31_000_000, received_bytes: 9_400_000 };
  slow.stints.push(live ? { ...last, encoded_ms: null, finished_ms: null, returned_ms: null, ended_ms: null, fate: null } : last);
  const causes: Cause[] = [
    { is: 'transfer', computer: (kitchen as Computer).id, percent: 15, rate: 4_400_000 },
    ...(live ? [] : [{ is: 'tail', computer: (attic as Computer).id, segment: 47, ms: 38_640, percent: 5, times: null, slowest: true } satisfies Cause]),
    { is: 'away', computer: (attic as Computer).id, percent: 9 },
    { is: 'late', computer: (attic as Computer).id, ms: 93_600, percent: 12 },
    ...(live ? [] : [{ is: 'joining', ms: 31_000, percent: 4 } satisfies Cause]),
  ];
  const until_ms = live ? end : end + 31_000;
  return {
    job,
    live,
    began_ms: Date.now() - until_ms,
    until_ms: live ? end : until_ms + 600_000,
    whole_ms: until_ms,
    work_ms,
    pauses: live ? [] : [{ from_ms: end, to_ms: end + 600_000 }],
    phases: [
      { kind: 'probe', began_ms: 0, ended_ms: 1200 },
      { kind: 'plan', began_ms: 1200, ended_ms: 19_000 },
      { kind: 'queued', began_ms: 1200, ended_ms: 2400 },
      { kind: 'encoding', began_ms: 2400, ended_ms: live ? null : end },
      ...(live
        ? []
        : ([
            { kind: 'held', began_ms: end, ended_ms: end + 600_000 },
            { kind: 'joining', began_ms: end + 600_000, ended_ms: end + 609_000 },
            { kind: 'proving', began_ms: end + 609_000, ended_ms: end + 630_000 },
            { kind: 'placing', began_ms: end + 630_000, ended_ms: end + 631_000 },
          ] as const)),
    ],
    computers: [fast, here, slow],
    causes,
    cut_short: false,
  };
}

/** The figures of a house that has been at it for a while; `days` of them. */
export function houseFigures(days: number, [studio, kitchen, attic]: readonly Computer[]): Figures {
  const today = 20_786;
  const day = (back: number): Day => {
    // Uneven, as weeks are; on one day a film grew.
    const films = (back * 7) % 5 === 0 ? 0 : 1 + ((back * 13) % 4);
    const grew = back === 9;
    const source_bytes = films * 4_200_000_000;
    return { day: today - back, totals: { films, frames: films * 140_000, source_bytes, output_bytes: Math.round(source_bytes * (grew ? 1.2 : 0.3 + ((back * 37) % 20) / 100)), wall_s: films * 1400, work_s: films * 3900, given_s: (back * 11) % 7 === 2 ? 5400 : 0 } };
  };
  const all = Array.from({ length: Math.min(days, 64) }, (_, back) => day(back)).filter(({ totals }) => totals.films > 0 || totals.given_s > 0).reverse();
  const sum = (key: keyof Day['totals']) => all.reduce((total, { totals }) => total + totals[key], 0);
  const total = { films: sum('films'), frames: sum('frames'), source_bytes: sum('source_bytes'), output_bytes: sum('output_bytes'), wall_s: sum('wall_s'), work_s: sum('work_s'), given_s: sum('given_s') };
  const worker = (one: Computer | undefined, here: boolean, share: number, given: number) => ({ computer: one?.id ?? '', name: one?.name ?? '', here, parts: Math.round(48 * total.films * share), frames: Math.round(total.frames * share), work_s: total.work_s * share, given_parts: Math.round(given * 90), given_frames: Math.round(given * 52_000), given_s: total.given_s * given });
  const shares: DayShare[] = all.flatMap(({ day, totals }) => [
    { day, computer: kitchen?.id ?? '', work_s: totals.work_s * 0.55, given_s: totals.given_s * 0.7 },
    { day, computer: studio?.id ?? '', work_s: totals.work_s * 0.33, given_s: 0 },
    { day, computer: attic?.id ?? '', work_s: totals.work_s * 0.12, given_s: totals.given_s * 0.3 },
  ]);
  return { today, shares, ever: { ...total, films: total.films + 31, source_bytes: total.source_bytes * 1.4, output_bytes: total.output_bytes * 1.4 }, total, days: all, computers: [worker(kitchen, false, 0.55, 0.7), worker(studio, true, 0.33, 0), worker(attic, false, 0.12, 0.3)] };
}

/** Rows as they were measured of a film of which so much cannot be divided. */
function rows(serial: number, first_s: number, counts: readonly number[]): BenchRow[] {
  return counts.map((workers, n) => {
    const wall_s = first_s * (serial + (1 - serial) / workers) * (1 + 0.012 * n * (n % 2));
    const speed_up = first_s / wall_s;
    return { workers, wall_s, speed_up, efficiency: speed_up / workers, cpu: Math.min(0.99, (0.96 * workers) / 8), analyse_s: 1.2, process_s: wall_s - 5, merge_s: 3.4, karp_flatt: workers > 1 ? (1 / speed_up - 1 / workers) / (1 - 1 / workers) : null, frames: 1500, exact: true };
  });
}

const measurement = (began_ms: number, film: string | null, serial: number, first_s: number): BenchRun => ({
  began_ms,
  film,
  choice: DEFAULT_CHOICE,
  cpu: 'AMD Ryzen 7 5800X',
  cores: 8,
  version: '0.1.0',
  rows: rows(serial, first_s, [1, 2, 4, 8]),
  summary: { serial_fraction: serial, limit: 1 / serial, twice: { workers: 16, speed_up: 1 / (serial + (1 - serial) / 16) } },
});

/** Two measurements, and what one in the middle of its rows looks like. */
export const MEASURED: readonly BenchRun[] = [measurement(1_795_900_000_000, null, 0.062, 92), measurement(1_795_300_000_000, 'The Attic Tapes.mov', 0.11, 131)];
export const HALFWAY = rows(0.062, 92, [1, 2]);
