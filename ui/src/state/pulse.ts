/** Frames a second of each computer over the last minutes, as far as this page has watched. Pure. */
import type { ComputerId } from '../generated/api';
import type { Scene } from './scene';

export interface Pulse {
  /** When the last sample was taken, ms. */
  at: number;
  /** Oldest first. */
  speeds: ReadonlyMap<ComputerId, readonly number[]>;
}

export const STILL: Pulse = { at: 0, speeds: new Map() };

/** Milliseconds between two samples. */
const EVERY = 2000;
/** Samples kept: five minutes. */
const KEPT = 150;

/** What each computer does for the jobs of this one, now. */
export function speeds(scene: Scene): Map<ComputerId, number> {
  const sums = new Map<ComputerId, number>();
  for (const job of scene.jobs) {
    if (job.state.is !== 'processing') continue;
    for (const hand of job.hands) {
      const speed = hand.working > 0 ? (hand.speed_fps ?? 0) : 0;
      sums.set(hand.computer, (sums.get(hand.computer) ?? 0) + speed);
    }
  }
  return sums;
}

/** The same with one more sample, where it is time for one. */
export function beat(pulse: Pulse, scene: Scene, now: number): Pulse {
  if (now - pulse.at < EVERY) return pulse;
  const fresh = speeds(scene);
  const ids = new Set([...pulse.speeds.keys(), ...fresh.keys()]);
  const next = [...ids].map((id): [ComputerId, readonly number[]] => [id, [...(pulse.speeds.get(id) ?? []), fresh.get(id) ?? 0].slice(-KEPT)]);
  // Who has done nothing for as long as is kept is not drawn any more.
  return { at: now, speeds: new Map(next.filter(([, samples]) => samples.some((speed) => speed > 0))) };
}

/** A line through the samples in a box of this size, for an SVG path. */
export function line(samples: readonly number[], width: number, height: number): string {
  const most = Math.max(...samples, 1e-9);
  const step = width / Math.max(1, samples.length - 1);
  return samples.map((speed, place) => `${place === 0 ? 'M' : 'L'}${(step * place).toFixed(1)} ${(height - 1 - ((height - 2) * speed) / most).toFixed(1)}`).join('');
}
