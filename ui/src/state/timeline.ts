/** A job's time as it is drawn: computers down, time across. Pure. */
import { bytes, decimal, took } from '../format/numbers';
import type { Cause, ComputerId, JobId, OtherWork, PhaseKind, Spent, Stint, Timeline, TimelineComputer } from '../generated/api';
import { t } from '../words/words.svelte';
import { seatWaits, waitedForLast, waits, type Span } from './spans';

/** What a bar stands for; each has a look of its own, see `TimePatterns.svelte`. */
export type Deed = 'encode' | 'vain' | 'check' | 'transfer' | 'back' | 'away' | 'other' | 'seat';

/** What can be pointed at: a part in a computer's hands, or a stretch with parts of another video. `n` of its kind. */
export interface Mark {
  is: 'stint' | 'other';
  n: number;
}

export interface Bar {
  deed: Deed;
  x: number;
  y: number;
  width: number;
  height: number;
  /** What is read about it; `null` for an absence, and for a part that waits. */
  mark: Mark | null;
}

export interface Row {
  one: TimelineComputer;
  /** From the top of the drawing, pixels. */
  top: number;
  height: number;
  /** From where to where it could have encoded: what is not filled of it is idle. */
  track: { x: number; y: number; width: number; height: number };
  bars: Bar[];
  /** Where it waited for the last part, across: nothing was left to give out, and it was free. */
  tail: { x: number; width: number }[];
  /** All that can be pointed at, one after the other. */
  marks: Mark[];
}

export interface Block {
  kind: PhaseKind;
  x: number;
  width: number;
}

/** Where the time lies across: stretches in which nobody could work are drawn narrow. */
export interface Axis {
  width: number;
  ticks: { x: number; text: string }[];
  breaks: { x: number; width: number }[];
  at(ms: number): number;
}

export interface Drawing {
  axis: Axis;
  blocks: Block[];
  rows: Row[];
  height: number;
}

/** Above the first row: the ticks and what the job itself did. */
export const HEAD = 46;
const BLOCKS_TOP = 22;
const NAME = 20;
const BETWEEN = 12;
const WIRE = 7;
/** A stretch in which nobody could work, pixels. */
const BREAK = 14;
/** The narrowest bar that can be seen, pixels. */
const NARROWEST = 0.8;

export function axisOf(told: Timeline, width: number): Axis {
  const held = told.pauses.map(({ from_ms, to_ms }): Span => [from_ms, to_ms]);
  const worked = Math.max(1, held.reduce((left, [from, to]) => left - (to - from), told.until_ms));
  // So many pauses that they would take the room of the work are drawn narrower.
  const gap = Math.min(BREAK, (0.3 * width) / Math.max(1, held.length));
  const scale = (width - gap * held.length) / worked;
  const at = (ms: number) => {
    let [work, x] = [Math.min(told.until_ms, Math.max(0, ms)), 0];
    for (const [from, to] of held) {
      if (ms <= from) break;
      const share = Math.min(1, (ms - from) / (to - from));
      work -= share * (to - from);
      x += share * gap;
    }
    return x + work * scale;
  };
  const breaks = held.map(([from]) => ({ x: at(from), width: gap }));
  const ticks = ticksOf(worked, width, scale, held, at);
  return { width, ticks, breaks, at };
}

/** Every so many seconds of work, as wide apart as their words need. */
function ticksOf(worked: number, width: number, scale: number, held: Span[], at: (ms: number) => number): Axis['ticks'] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400].map((s) => s * 1000);
  const step = steps.find((ms) => ms * scale >= 90) ?? worked;
  const ticks: Axis['ticks'] = [];
  for (let work = 0; work <= worked && ticks.length < 500; work += step) {
    // The moment at which so much was worked: later by every pause before it.
    let ms = work;
    for (const [from, to] of held) if (ms > from) ms += to - from;
    const x = at(ms);
    if (x <= width - 30 || work === 0) ticks.push({ x, text: clock(work) });
  }
  return ticks;
}

/** Time since the beginning: `0:05`, `1:02:30`. */
export function clock(ms: number): string {
  const s = Math.round(ms / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** Everything there is to draw, for this width. */
export function draw(told: Timeline, width: number): Drawing {
  const axis = axisOf(told, width);
  const given = told.computers.flatMap((one) => one.stints.map((stint) => stint.given_ms));
  const ended = told.computers.flatMap((one) => one.stints.map((stint) => stint.ended_ms ?? told.until_ms));
  const [from, to] = [given.reduce((a, b) => Math.min(a, b), told.until_ms), ended.reduce((a, b) => Math.max(a, b), 0)];
  const waited = waitedForLast(told);
  let top = HEAD;
  const rows = told.computers.map((one): Row => {
    const lane = one.lanes > 12 ? 5 : one.lanes > 5 ? 9 : 15;
    const tall = lane * Math.max(1, one.lanes);
    const [x, y] = [axis.at(from), top + NAME];
    const track = { x, y, width: Math.max(0, axis.at(to) - x), height: tall };
    const tail = (waited.get(one.computer) ?? []).map(([from, to]) => ({ x: axis.at(from), width: axis.at(to) - axis.at(from) }));
    const row: Row = { one, top, height: NAME + tall + (one.here ? 0 : WIRE + 2), track, bars: bars(one, told, axis, y, lane, tall), tail, marks: marks(one) };
    top += row.height + BETWEEN;
    return row;
  });
  return { axis, blocks: blocks(told, axis), rows, height: top };
}

/** In the order in which they began. */
function marks(one: TimelineComputer): Mark[] {
  const stints = one.stints.map(({ given_ms }, n) => ({ at: given_ms, mark: { is: 'stint', n } satisfies Mark }));
  const others = one.others.map(({ began_ms }, n) => ({ at: began_ms, mark: { is: 'other', n } satisfies Mark }));
  return [...stints, ...others].sort((a, b) => a.at - b.at).map(({ mark }) => mark);
}

/** Whether both are the same. */
export function same(one: Mark | null | undefined, other: Mark | null | undefined): boolean {
  return one?.is === other?.is && one?.n === other?.n;
}

function bars(one: TimelineComputer, told: Timeline, axis: Axis, y: number, lane: number, tall: number): Bar[] {
  const all: Bar[] = [];
  const put = (deed: Deed, from: number | null | undefined, to: number, y: number, height: number, mark: Mark | null) => {
    if (from === null || from === undefined || to < from) return;
    const x = axis.at(from);
    all.push({ deed, x, y, width: Math.max(NARROWEST, axis.at(to) - x), height, mark });
  };
  // What it did for this video lies on what kept it from that, in the order in which it counts.
  for (const [from, to] of seatWaits(one, told.until_ms)) put('seat', from, to, y, tall, null);
  one.others.forEach(({ began_ms, ended_ms }, n) => put('other', began_ms, ended_ms ?? told.until_ms, y, tall, { is: 'other', n }));
  for (const { began_ms, ended_ms } of one.absences) put('away', Math.max(0, began_ms), ended_ms ?? told.until_ms, y, tall, null);
  one.stints.forEach((stint, n) => {
    const mark: Mark = { is: 'stint', n };
    const end = stint.ended_ms ?? told.until_ms;
    const at = y + lane * stint.lane;
    const high = lane - 1;
    if (!one.here) {
      const wire = y + tall + 2;
      put('transfer', stint.given_ms, stint.delivered_ms ?? stint.began_ms ?? end, wire, WIRE, mark);
      put('back', stint.finished_ms, stint.returned_ms ?? end, wire, WIRE, mark);
    }
    if (stint.encoded_ms !== null && stint.finished_ms !== null && stint.finished_ms > stint.encoded_ms) put('check', stint.encoded_ms, stint.finished_ms, at, high, mark);
    put(inVain(stint) ? 'vain' : 'encode', stint.began_ms, stint.encoded_ms ?? end, at, high, mark);
  });
  return all;
}

/** Whether what it came to was of no use. */
export function inVain({ fate }: Stint): boolean {
  return fate !== null && fate !== 'verified';
}

function blocks(told: Timeline, axis: Axis): Block[] {
  return told.phases
    .filter(({ kind }) => kind !== 'plan' && kind !== 'sound' && kind !== 'held' && kind !== 'stopped')
    .map(({ kind, began_ms, ended_ms }) => {
      const x = axis.at(began_ms);
      return { kind, x, width: axis.at(ended_ms ?? told.until_ms) - x };
    })
    .filter(({ width }) => width > 0.2);
}

/** Where the strip of what the job did lies, from the top. */
export const STRIP = { top: BLOCKS_TOP, height: 17 };

/** What is under a point of a row; `null` where there is nothing. The encoding counts before what is on the wire. */
export function markAt(row: Row, x: number, y: number): Mark | null {
  const hit = (bar: Bar) => bar.mark !== null && x >= bar.x - 1 && x <= bar.x + bar.width + 1;
  const under = row.bars.filter(hit);
  const exact = under.findLast((bar) => y >= bar.y && y <= bar.y + bar.height);
  return (exact ?? under.findLast((bar) => bar.deed === 'encode') ?? under.at(-1))?.mark ?? null;
}

/** What a video is called; `null` where it is not on the list. */
export type FilmOf = (id: JobId) => string | null;

/** It in words; `null` where it is not there any more. */
export function markWords(one: TimelineComputer, { is, n }: Mark, until: number, filmOf: FilmOf): string | null {
  const [stint, other] = is === 'stint' ? [one.stints[n], undefined] : [undefined, one.others[n]];
  if (stint) return stintWords(stint, one.here, until);
  return other ? otherWords(other, until, filmOf) : null;
}

/** Parts of another video in its hands, in words. The page numbers no job, so that a number is only better than nothing. */
function otherWords({ job, began_ms, ended_ms }: OtherWork, until: number, filmOf: FilmOf): string {
  const words = t().timeline;
  const long = took(Math.max(0, (ended_ms ?? until) - began_ms) / 1000);
  return `${words.otherWork(filmOf(job) ?? words.otherJob(job))}: ${ended_ms === null ? `${long}, ${words.goesOn}` : long}`;
}

/** A stint in words: what it was, how long each of its steps took, what came of it. */
export function stintWords(stint: Stint, here: boolean, until: number): string {
  const words = t().timeline;
  const end = stint.ended_ms ?? until;
  const long = (from: number | null, to: number | null) => (from === null || to === null || to <= from ? null : took((to - from) / 1000));
  const waiting = waits(stint, until);
  // Times are known to about half a second.
  const seat = waiting && waiting[1] - waiting[0] >= 1000 ? long(...waiting) : null;
  const step = (word: (text: string) => string, time: string | null) => (time === null ? [] : [word(time)]);
  const steps = [
    ...(here ? [] : step(words.stepTransfer, long(stint.given_ms, stint.delivered_ms ?? stint.began_ms ?? end))),
    ...step(words.stepSeat, seat),
    ...step(words.stepEncode, long(stint.began_ms, stint.encoded_ms ?? end)),
    ...step(words.stepCheck, long(stint.encoded_ms, stint.finished_ms)),
    ...(here ? [] : step(words.stepBack, long(stint.finished_ms, stint.returned_ms ?? end))),
    ...(stint.sent_bytes > 0 ? [words.travelled(bytes(stint.sent_bytes), bytes(stint.received_bytes))] : []),
  ];
  const came = stint.fate === null ? words.goesOn : words.fate[stint.fate];
  const tries = stint.attempt > 1 ? ` ${words.attempt(stint.attempt)}` : '';
  return `${words.part(stint.segment + 1)}${tries}: ${[...steps, stint.why ? `${came} (${stint.why})` : came].join(', ')}`;
}

/** Why it was not faster, in sentences. */
export function answers(told: Timeline): string[] {
  const names = new Map(told.computers.map((one): [ComputerId, string] => [one.computer, one.name]));
  return told.causes.map((cause) => answer(cause, (id) => names.get(id) || t().strip.someone));
}

function answer(cause: Cause, name: (id: ComputerId) => string): string {
  const words = t().timeline.why;
  const long = (ms: number) => took(ms / 1000);
  const share = (percent: number) => t().number.percent(String(percent));
  switch (cause.is) {
    case 'waited':
      return words.waited[cause.on](long(cause.ms), share(cause.percent));
    case 'reading':
    case 'examining':
    case 'joining':
      return words[cause.is](long(cause.ms), share(cause.percent));
    case 'transfer':
      return words.transfer(name(cause.computer), share(cause.percent)) + (cause.rate === null ? '' : ` ${words.rate(bytes(cause.rate))}`);
    case 'idle':
      return (cause.cutting ? words.cutting : words.idle)(name(cause.computer), share(cause.percent));
    case 'away':
      return words.away(name(cause.computer), share(cause.percent));
    case 'late':
      return words.late(name(cause.computer), long(cause.ms));
    case 'tail': {
      const said = (cause.slowest ? words.tailSlowest : words.tail)(decimal(cause.segment + 1), name(cause.computer), long(cause.ms), share(cause.percent));
      return said + (cause.times === null ? '' : ` ${words.long(decimal(cause.times))}`);
    }
    case 'lost':
      return words.lost(t().number.parts(cause.parts), long(cause.ms), share(cause.percent));
    case 'alone':
      return words.alone(name(cause.computer));
  }
}

/** The columns of the table, in the order in which they are shown. */
export const SPENT: readonly (keyof Spent)[] = ['encode', 'check', 'transfer', 'give_back', 'away', 'other', 'seat', 'late', 'idle', 'tail'];

/** A share of the time in which parts were encoded, as whole percent; empty where there is none. */
export function spentShare(told: Timeline, ms: number): string {
  const share = (100 * ms) / Math.max(1, told.work_ms);
  if (ms === 0) return '';
  return t().number.percent(share < 1 ? '<1' : String(Math.round(share)));
}

/** How busy the computers were, all of them together: 0 to 1. */
export function busy(told: Timeline): number {
  const all = told.computers.reduce((sum, one) => sum + one.spent.encode, 0);
  return all / Math.max(1, told.work_ms * told.computers.length);
}

/**
 * A row for each stint, as `manyhands timeline --csv` prints it, and one for each stretch with parts of another job in
 * hand; parts count from 1, as in all sentences.
 */
export function timelineCsv(told: Timeline): string {
  const head = ['computer', 'name', 'part', 'frames', 'attempt', 'given_s', 'delivered_s', 'began_s', 'encoded_s', 'finished_s', 'returned_s', 'ended_s', 'fate', 'why', 'sent_bytes', 'received_bytes', 'other_job'];
  const s = (ms: number | null) => (ms === null ? '' : (ms / 1000).toFixed(3));
  const rows = told.computers.flatMap((one) => [
    ...one.stints.map((stint) => [one.computer, one.name, String(stint.segment + 1), String(stint.frames), String(stint.attempt), s(stint.given_ms), s(stint.delivered_ms), s(stint.began_ms), s(stint.encoded_ms), s(stint.finished_ms), s(stint.returned_ms), s(stint.ended_ms), stint.fate ?? '', stint.why, String(stint.sent_bytes), String(stint.received_bytes), '']),
    ...one.others.map(({ job, began_ms, ended_ms }) => [one.computer, one.name, '', '', '', s(began_ms), '', '', '', '', '', s(ended_ms), '', '', '', '', String(job)]),
  ]);
  return csv([head, ...rows]);
}

/** By this spreadsheet programs know that a file is UTF-8. */
const MARK = '\uFEFF';

/** A table for spreadsheets. Text from other machines must not be a formula to whoever opens it. */
export function csv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => {
    const formula = Number.isNaN(Number(text)) && /^[=+\-@\t\r]/.test(text);
    return formula || /[",\r\n]/.test(text) ? `"${formula ? "'" : ''}${text.replaceAll('"', '""')}"` : text;
  };
  return MARK + rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
