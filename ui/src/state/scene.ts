/** What is shown, and how an event changes it. Pure. */
import type { Computer, Here, Job, JobId, Numbered, Pairing, Snapshot } from '../generated/api';

export interface Scene {
  /** The number of the last event in it. */
  seq: number;
  here: Here;
  /** Paired ones first, then those nearby; by name. */
  computers: Computer[];
  /** Newest first. */
  jobs: Job[];
  /** Pairing by code, as far as it is under way. */
  pairing: Pairing;
}

export function fromSnapshot({ seq, here, computers, jobs, pairing }: Snapshot): Scene {
  return { seq, here, pairing, computers: [...computers].sort(byStanding), jobs: [...jobs].sort(newestFirst) };
}

/** The scene after an event; `null` where an event before this one is missing: a snapshot is needed. */
export function apply(scene: Scene, { seq, event }: Numbered): Scene | null {
  // A snapshot may be younger than events that were under way.
  if (seq <= scene.seq) return scene;
  if (seq !== scene.seq + 1) return null;
  switch (event.is) {
    case 'here':
      return { ...scene, seq, here: event.what };
    case 'computer':
      return { ...scene, seq, computers: put(scene.computers, event.what).sort(byStanding) };
    case 'computer_gone':
      return { ...scene, seq, computers: scene.computers.filter((one) => one.id !== event.what) };
    case 'job':
      return { ...scene, seq, jobs: put(scene.jobs, event.what).sort(newestFirst) };
    case 'job_gone':
      return { ...scene, seq, jobs: scene.jobs.filter((one) => one.id !== event.what) };
    case 'pairing':
      return { ...scene, seq, pairing: event.what };
  }
}

export function isOver(job: Job): boolean {
  return job.state.is === 'completed' || job.state.is === 'failed' || job.state.is === 'cancelled';
}

export function isPaired(computer: Computer): boolean {
  return computer.status.is !== 'nearby';
}

function put<T extends { id: JobId | string }>(all: T[], one: T): T[] {
  return [...all.filter((other) => other.id !== one.id), one];
}

function newestFirst(a: Job, b: Job): number {
  return b.id - a.id;
}

function byStanding(a: Computer, b: Computer): number {
  return rank(a) - rank(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id);
}

function rank({ status }: Computer): number {
  // What somebody has to look at comes first.
  if (status.is === 'other_identity') return -1;
  return status.is === 'nearby' ? 2 : status.is === 'offline' ? 1 : 0;
}
