import { describe, expect, it } from 'vitest';
import type { Absence, OtherWork, Stint, Timeline, TimelineComputer } from '../generated/api';
import { computer } from '../host/script';
import { houseTimeline } from '../host/times';
import { seatWaits, together, waitedForLast, without } from './spans';

const house = houseTimeline(3, ['Studio', 'Kitchen', 'Attic'].map((name) => computer(name)), false);
const [first] = house.computers as [TimelineComputer];

/** A part that was given out and encoded at once, and back as it was encoded. */
const stint = (given_ms: number, encoded_ms: number, over: Partial<Stint> = {}): Stint => ({ ...(first.stints[0] as Stint), given_ms, delivered_ms: given_ms, began_ms: given_ms, encoded_ms, finished_ms: encoded_ms, returned_ms: encoded_ms, ended_ms: encoded_ms, fate: 'verified', hedge: false, ...over });

const worker = (name: string, stints: Stint[], others: OtherWork[] = [], absences: Absence[] = []): TimelineComputer => ({ ...first, computer: computer(name).id, name, stints, others, absences });

/** On the last computer the last part is encoded. */
function told(...computers: TimelineComputer[]): Timeline {
  const last = computers.at(-1) as TimelineComputer;
  return { ...house, live: false, until_ms: 100_000, pauses: [], computers, causes: [{ is: 'tail', computer: last.computer, segment: 1, ms: 0, percent: 5, times: null, slowest: false }] };
}

const waited = (all: Timeline) => [...waitedForLast(all).values()];

describe('stretches of time', () => {
  it('are as few as they can be', () => {
    expect(together([[5, 6], [1, 3], [3, 4], [2, 2], [8, 7]])).toEqual([[1, 4], [5, 6]]);
    expect(without([0, 10], [[-2, 1], [3, 4], [9, 20]])).toEqual([[1, 3], [4, 9]]);
    expect(without([0, 10], [[0, 10]])).toEqual([]);
    expect(without([0, 10], [])).toEqual([[0, 10]]);
  });
});

describe('waiting for the last part', () => {
  it('is as long as the answer says', () => {
    const said = house.causes.find((cause) => cause.is === 'tail');
    const all = together(waited(house).flat());
    expect(all.reduce((sum, [from, to]) => sum + to - from, 0)).toBeCloseTo(said?.ms ?? 0, -1);
  });

  it('has holes where nobody was free', () => {
    const others = [{ job: 7, began_ms: 50_000, ended_ms: 60_000 }];
    const absences = [{ began_ms: 70_000, ended_ms: null, why: 'away' }];
    expect(waited(told(worker('Barn', [stint(0, 40_000)], others, absences), worker('Loft', [stint(10_000, 90_000)])))).toEqual([[[40_000, 50_000], [60_000, 70_000]]]);
  });

  it('is nothing for who was not at work, or encodes the same part as well', () => {
    const gone = worker('Barn', [stint(0, 5000)]);
    const hedge = worker('Loft', [stint(0, 30_000), stint(40_000, 80_000, { hedge: true })]);
    expect(waited(told(gone, hedge, worker('Attic', [stint(10_000, 90_000)])))).toEqual([[], [[30_000, 40_000], [80_000, 90_000]]]);
  });

  it('counts each place with its last part', () => {
    const two = worker('Barn', [stint(0, 30_000), stint(0, 20_000), stint(5000, 60_000, { began_ms: 20_000 })]);
    expect(waited(told(two, worker('Loft', [stint(10_000, 90_000)])))).toEqual([[[30_000, 90_000]]]);
  });

  it('is nothing where no answer speaks of it', () => {
    expect(waited({ ...told(worker('Barn', [stint(0, 40_000)]), worker('Loft', [stint(10_000, 90_000)])), causes: [] })).toEqual([]);
    expect(waited(told(worker('Barn', [])))).toEqual([]);
  });
});

describe('waiting for a seat', () => {
  it('counts only where nothing else goes on', () => {
    // Fetched ahead it lies there while another part is encoded, checked and given back: the seat is at work.
    const before = stint(0, 20_000, { finished_ms: 22_000, returned_ms: 23_000, ended_ms: 23_000 });
    const ahead = stint(5000, 60_000, { delivered_ms: 10_000, began_ms: 30_000 });
    const others = [{ job: 7, began_ms: 24_000, ended_ms: 26_000 }];
    expect(seatWaits(worker('Barn', [before, ahead], others), 100_000)).toEqual([[23_000, 24_000], [26_000, 30_000]]);
    expect(seatWaits(worker('Barn', [before]), 100_000)).toEqual([]);
  });

  it('goes on while the part lies there', () => {
    expect(seatWaits(worker('Barn', [stint(0, 0, { delivered_ms: 1000, began_ms: null, encoded_ms: null, finished_ms: null, returned_ms: null, ended_ms: null, fate: null })]), 9000)).toEqual([[1000, 9000]]);
  });
});
