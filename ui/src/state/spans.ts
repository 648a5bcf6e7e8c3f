/** Stretches of time at a computer, as `crates/hindsight` sees them. Pure. */
import type { ComputerId, Stint, Timeline, TimelineComputer } from '../generated/api';

export type Span = readonly [from: number, to: number];

const known = (span: Span | null): span is Span => span !== null;

/** What any of these covers, one after the other. */
export function together(all: readonly Span[]): Span[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...all].filter(([from, to]) => to > from).sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** A stretch without what is covered by these, which come one after the other. */
export function without([from, to]: Span, covered: readonly Span[]): Span[] {
  const left: Span[] = [];
  let at = from;
  for (const [begin, end] of covered) {
    if (begin >= to || end <= from) continue;
    if (begin > at) left.push([at, begin]);
    at = Math.max(at, end);
  }
  return at < to ? [...left, [at, to]] : left;
}

/** From `from` to `to`, neither beyond `end`, and never backwards. */
function within(from: number, to: number, end: number): Span {
  const begin = Math.min(from, end);
  return [begin, Math.min(Math.max(to, begin), end)];
}

const endOf = (stint: Stint, until: number) => Math.max(stint.given_ms, stint.ended_ms ?? until);

/** When the computer had nothing more to do with it. */
const freeOf = (stint: Stint, until: number) => stint.returned_ms ?? endOf(stint, until);

/** Its encoder at work. */
function encodes(stint: Stint, until: number): Span | null {
  const end = endOf(stint, until);
  return stint.began_ms === null ? null : within(stint.began_ms, stint.encoded_ms ?? end, end);
}

/** Its source there, and its encoder not at work yet: it waits for a seat. */
export function waits(stint: Stint, until: number): Span | null {
  const end = endOf(stint, until);
  return stint.delivered_ms === null ? null : within(stint.delivered_ms, stint.began_ms ?? stint.encoded_ms ?? end, end);
}

/** All that was done with it, and its ways: everything but waiting for a seat. */
function deeds(stint: Stint, here: boolean, until: number): Span[] {
  const end = endOf(stint, until);
  const there = stint.delivered_ms ?? stint.began_ms ?? end;
  const finished = stint.finished_ms ?? stint.encoded_ms;
  const ways = here ? [] : [within(stint.given_ms, there, end), ...(finished === null ? [] : [within(finished, stint.returned_ms ?? end, end)])];
  const checks = stint.encoded_ms === null || stint.finished_ms === null ? [] : [within(stint.encoded_ms, stint.finished_ms, end)];
  return [...ways, ...checks, encodes(stint, until)].filter(known);
}

const spans = (all: readonly { began_ms: number; ended_ms: number | null }[], until: number) => all.map(({ began_ms, ended_ms }): Span => [began_ms, Math.max(began_ms, ended_ms ?? until)]);

/** When a part lay at a computer and waited for a seat, and nothing else went on there. */
export function seatWaits(one: TimelineComputer, until: number): Span[] {
  const waiting = together(one.stints.map((stint) => waits(stint, until)).filter(known));
  if (waiting.length === 0) return [];
  const busy = together([...one.stints.flatMap((stint) => deeds(stint, one.here, until)), ...spans(one.others, until), ...spans(one.absences, until)]);
  return waiting.flatMap((span) => without(span, busy));
}

/**
 * Of each computer, when it waited for the last part: nothing was left to give out, a place of it was free, and it was
 * neither away nor at work for another video. What all of them cover is as long as the cause `tail` says.
 */
export function waitedForLast({ causes, computers, until_ms }: Timeline): Map<ComputerId, Span[]> {
  const tail = causes.find((cause) => cause.is === 'tail');
  const all = computers.flatMap(({ stints }) => stints);
  if (!tail || all.length === 0) return new Map();
  const given = all.reduce((last, stint) => (stint.hedge ? last : Math.max(last, stint.given_ms)), 0);
  const end = all.reduce((last, stint) => Math.max(last, freeOf(stint, until_ms)), 0);
  const others = computers.filter(({ computer }) => computer !== tail.computer);
  return new Map(
    others.map((one): [ComputerId, Span[]] => {
      const later = one.stints.filter((stint) => stint.given_ms > given).map((stint): Span => [stint.given_ms, freeOf(stint, until_ms)]);
      const busy = together([...spans(one.others, until_ms), ...spans(one.absences, until_ms), ...later]);
      return [one.computer, together(places(one.stints, given, until_ms).flatMap((at) => without([Math.max(at, given), end], busy)))];
    }),
  );
}

/** When the places of a computer get free at which it encodes as the last part is given out: each with its last part. */
function places(stints: readonly Stint[], given: number, until: number): number[] {
  const had = stints.filter((stint) => stint.given_ms <= given).map((stint) => encodes(stint, until));
  const begun = had.filter(known).filter(([, to]) => to > given);
  const busy = begun.filter(([from]) => from <= given).length;
  const ends = begun.map(([, to]) => to).sort((a, b) => b - a);
  return ends.slice(0, Math.max(1, busy));
}
