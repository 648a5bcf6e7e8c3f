import { describe, expect, it } from 'vitest';
import { computer, here, job, QUIET } from '../host/script';
import { apply, fromSnapshot } from './scene';

const start = fromSnapshot({
  seq: 5,
  pairing: QUIET,
  here: here(),
  computers: [computer('Attic', { status: { is: 'nearby' } }), computer('Kitchen')],
  jobs: [job(1, 'a.mkv'), job(2, 'b.mkv')],
});

describe('a scene', () => {
  it('has paired computers and new jobs first', () => {
    expect(start.computers.map((one) => one.name)).toEqual(['Kitchen', 'Attic']);
    expect(start.jobs.map((one) => one.id)).toEqual([2, 1]);
  });

  it('takes what is next', () => {
    const after = apply(start, { seq: 6, event: { is: 'job', what: job(1, 'a.mkv', { progress: 0.5 }) } });
    expect(after?.seq).toBe(6);
    expect(after?.jobs.map((one) => [one.id, one.progress])).toEqual([[2, 0], [1, 0.5]]);
  });

  it('ignores what it knows', () => {
    expect(apply(start, { seq: 5, event: { is: 'job_gone', what: 1 } })).toBe(start);
  });

  it('knows who is being paired', () => {
    const request = { id: 'f'.repeat(64), name: 'Barn', left_s: 100, tries: 3 };
    expect(apply(start, { seq: 6, event: { is: 'pairing', what: { ...QUIET, request } } })?.pairing.request).toEqual(request);
  });

  it('notices what it missed', () => {
    expect(apply(start, { seq: 7, event: { is: 'job_gone', what: 1 } })).toBeNull();
  });

  it('lets go of what is gone', () => {
    const fewer = apply(start, { seq: 6, event: { is: 'job_gone', what: 2 } });
    expect(fewer?.jobs.map((one) => one.id)).toEqual([1]);
    const none = apply(start, { seq: 6, event: { is: 'computer_gone', what: computer('Kitchen').id } });
    expect(none?.computers.map((one) => one.name)).toEqual(['Attic']);
  });

  it('is not changed itself', () => {
    const before = structuredClone(start);
    apply(start, { seq: 6, event: { is: 'computer', what: computer('Barn') } });
    expect(start).toEqual(before);
  });
});
