import { describe, expect, it } from 'vitest';
import { jobWords, whoseWords } from '../format/words';
import { type Away, DEFAULT_CHOICE, type JobState } from '../generated/api';
import { computer, job } from '../host/script';
import { announce } from './announce';
import { isFetchable, isUnderWay, ownedBy, ownedNow, ownerOf, takers, wayOf } from './away';
import { reckon, UNKNOWN } from './eta';
import { current, found } from './history';

const nas = computer('NAS', { id: '5e'.repeat(32), takes_films: true });
const attic = computer('attic');
const near = computer('Barn', { status: { is: 'nearby' }, takes_films: true });
const away = (over: Partial<Away> = {}): Away => ({ computer: nas.id, name: 'NAS', participates: true, leaves: false, step: 'working', moved: 0, of: 0, ...over });
const sent = (over: Partial<Away>, state: JobState = { is: 'processing' }) => job(1, 'a.mkv', { state, away: away(over) });

describe('who owns a job', () => {
  const chosen = { ...DEFAULT_CHOICE, ...ownedBy(DEFAULT_CHOICE, nas.id) };

  it('may be a paired computer that takes films', () => expect(takers([attic, near, nas])).toEqual([nas]));

  it('is this computer, unless another is chosen', () => {
    expect(ownerOf(DEFAULT_CHOICE, [nas])).toBeNull();
    expect(chosen.on).toEqual({ computer: nas.id, participate: true, leave: false });
    expect(ownedBy(chosen, null)).toEqual({ on: null });
  });

  it('is known by its id, the beginning of that, or its name', () => {
    for (const named of [nas.id, '5e5e', 'nas']) expect(ownerOf(ownedBy(DEFAULT_CHOICE, named) as typeof chosen, [attic, nas]), named).toBe(nas);
    for (const named of ['5e', 'na', 'Barn']) expect(ownerOf(ownedBy(DEFAULT_CHOICE, named) as typeof chosen, [attic, nas]), named).toBeNull();
  });

  it('keeps what else was said when it changes', () => {
    const left = { on: { computer: 'attic', participate: false, leave: true } };
    expect(ownedBy(left, nas.id).on).toEqual({ computer: nas.id, participate: false, leave: true });
  });

  it('is not this computer alone and another one', () => expect(ownedBy({ ...DEFAULT_CHOICE, only_here: true } as typeof chosen, nas.id).only_here).toBe(false));

  it('is this one again where the other takes nothing now', () => {
    expect(ownedNow(chosen, [nas])).toBe(chosen);
    expect(ownedNow(chosen, [{ ...nas, takes_films: false }]).on).toBeNull();
  });
});

describe('a film that is away', () => {
  it('says where it is in every step', () => {
    expect(jobWords(sent({ step: 'waiting' }))).toBe('Waits for NAS to be there');
    expect(jobWords(sent({ step: 'sending', moved: 1_240_000_000, of: 4_000_000_000 }))).toBe('Sending to NAS: 1.2 of 4.0 GB');
    expect(jobWords(sent({ step: 'sending' }))).toBe('Sending to NAS');
    expect(jobWords(sent({ step: 'working' }))).toBe('NAS works on it');
    expect(jobWords(sent({ step: 'ready' }))).toBe('The result waits on NAS');
    expect(jobWords(sent({ step: 'fetching', moved: 40_000_000, of: 910_000_000 }))).toBe('Coming back from NAS: 40 of 910 MB');
    expect(jobWords(sent({ step: 'checking' }, { is: 'combining' }))).toBe('Being checked here');
  });

  it('is held or over like any other', () => {
    expect(jobWords(sent({}, { is: 'paused', reason: '' }))).toBe('Paused');
    expect(jobWords(sent({ step: 'ready' }, { is: 'cancelled' }))).toBe('Stopped');
    expect(isUnderWay(sent({}))).toBe(true);
    expect(isUnderWay(job(1, 'a.mkv'))).toBe(false);
  });

  it('is told apart from this computer’s own, also when it is over', () => {
    const names = new Map([[nas.id, 'NAS']]);
    const over = (computer: string) => job(1, 'a.mkv', { choice: { ...DEFAULT_CHOICE, on: { computer, participate: true, leave: false } } });
    expect([sent({}), over(nas.id), over('NAS')].map((one) => whoseWords(one, names))).toEqual(Array(3).fill('sent to NAS'));
    expect(whoseWords(over(attic.id), names)).toBe(`sent to A computer (${attic.id.slice(0, 4)}…)`);
    expect(whoseWords(job(1, 'a.mkv', { sent_by: 'Laptop' }), names)).toBe('from Laptop');
    expect(whoseWords(job(1, 'a.mkv'), names)).toBe('');
  });

  it('has one bar: of its journey, or of the work', () => {
    const way = (over: Partial<Away>, progress: number, state?: JobState) => wayOf({ ...sent(over, state), progress });
    expect(way({ step: 'sending', moved: 1, of: 4 }, 0)).toEqual({ share: 0.25, work: false });
    expect(way({ step: 'sending', moved: 9, of: 4 }, 0).share).toBe(1);
    expect(way({ step: 'fetching', moved: 9 }, 1).share).toBeNull();
    expect(way({}, 0.4)).toEqual({ share: 0.4, work: true });
    expect(way({ step: 'waiting' }, 0, { is: 'queued' }).share).toBeNull();
    expect(way({ step: 'waiting' }, 0.4)).toEqual({ share: 0.4, work: true });
    expect(way({ step: 'ready' }, 1).share).toBeNull();
    expect(way({ step: 'sending', moved: 1, of: 4 }, 0.1, { is: 'paused', reason: '' })).toEqual({ share: 0.1, work: true });
  });

  it('has the bar of its work where it is at home', () => {
    expect(wayOf(job(1, 'a.mkv'))).toEqual({ share: null, work: true });
    expect(wayOf(job(1, 'a.mkv', { state: { is: 'processing' }, progress: 0.5 }))).toEqual({ share: 0.5, work: true });
  });

  it('can be fetched once its result is there', () => {
    expect(isFetchable(sent({ step: 'ready' }))).toBe(true);
    expect(isFetchable(sent({ step: 'working' }))).toBe(false);
    expect(isFetchable(sent({ step: 'ready' }, { is: 'cancelled' }))).toBe(false);
    expect(announce([sent({})], [sent({ step: 'ready' })])).toEqual(['The result of a.mkv waits on NAS.']);
    expect(announce([sent({ step: 'ready' })], [sent({ step: 'ready' })])).toEqual([]);
  });

  it('takes longer or shorter for reasons that are not told here', () => {
    const first = reckon(UNKNOWN, { ...sent({}), eta_s: 600 }, 0);
    expect(reckon(first, { ...sent({}), eta_s: 6000 }, 1000)).toMatchObject({ end: 6_001_000, why: '' });
  });

  it('stays on the first page while its result waits, and is found by the other computer', () => {
    expect(current([sent({ step: 'ready' })], 1e12).length).toBe(1);
    expect(found([sent({}), job(2, 'b.mkv', { sent_by: 'Laptop' })], 'nas').map((one) => one.id)).toEqual([1]);
    expect(found([sent({}), job(2, 'b.mkv', { sent_by: 'Laptop' })], 'laptop').map((one) => one.id)).toEqual([2]);
  });
});
