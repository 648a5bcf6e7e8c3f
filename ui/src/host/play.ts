/** A whole job, played from its start to its end: three computers, one of which goes away for a while. */
import type { Computer, Job, Segment, Snapshot } from '../generated/api';
import { done, FILM, hands, idle, trio } from './scenes';
import { job, segment, QUIET } from './script';
import type { EventListener } from './types';

const PARTS = 60;
/** Steps that each computer takes for a part. */
const STEPS = 12;
/** From this step on the fastest one is away, until the second. */
const AWAY = [120, 200] as const;

interface Desk {
  computer: Computer;
  part: number | null;
  step: number;
}

/** The film after so many steps; `null` once it has been done for a while. */
export class Play {
  private readonly segments: Segment[] = Array.from({ length: PARTS }, (_, n) => segment(n, (FILM.duration_s * n) / PARTS, (FILM.duration_s * (n + 1)) / PARTS));
  private readonly desks: Desk[];
  private step = 0;

  constructor() {
    this.desks = trio.map((computer) => ({ computer, part: null, step: 0 }));
  }

  snapshot(): Snapshot {
    return { seq: 0, pairing: QUIET, here: idle(2), computers: trio.slice(1), jobs: [this.job()] };
  }

  next(): Job {
    this.step += 1;
    for (const desk of this.desks) this.work(desk);
    return this.job();
  }

  private work(desk: Desk): void {
    const away = desk.computer === trio[1] && this.step >= AWAY[0] && this.step < AWAY[1];
    if (desk.part !== null && away) this.set(desk.part, { state: 'waiting', computer: null, progress: 0 });
    if (away) {
      desk.part = null;
      return;
    }
    if (desk.part === null) {
      const part = this.segments.findIndex((one) => one.state === 'waiting');
      if (part < 0) return;
      desk.part = part;
      desk.step = 0;
      this.set(part, { state: 'sent', computer: desk.computer.id, attempts: (this.segments[part]?.attempts ?? 0) + 1 });
      return;
    }
    // The first encoder of a computer says how quick it is.
    desk.step += (desk.computer.encoders[0]?.fps_1080p ?? 20) / 20;
    const share = desk.step / STEPS;
    if (share < 1) this.set(desk.part, { state: 'encoding', progress: share });
    else {
      this.set(desk.part, { state: 'done', progress: 1 });
      desk.part = null;
      this.work(desk);
    }
  }

  private set(part: number, change: Partial<Segment>): void {
    this.segments[part] = { ...(this.segments[part] as Segment), ...change };
  }

  private job(): Job {
    const segments = [...this.segments];
    const share = segments.reduce((sum, one) => sum + (one.state === 'done' ? 1 : one.progress), 0) / PARTS;
    const base = job(4, done.name, { ...FILM, duration_s: FILM.duration_s, picture: done.picture, segments, hands: hands(segments, trio, FILM.frames_total / PARTS), progress: share, frames_done: Math.round(FILM.frames_total * share), elapsed_s: this.step / 2 });
    if (share >= 1) return { ...base, state: done.state, progress: 1, speed_up: 3.9, finished_ms: Date.now() };
    const speed_fps = base.hands.reduce((sum, hand) => sum + (hand.working > 0 ? (hand.speed_fps ?? 0) : 0), 0);
    const known = this.step > 20 && share > 0;
    return { ...base, state: { is: 'processing' }, speed_fps, eta_s: known ? Math.round(((1 - share) * FILM.frames_total) / Math.max(1, speed_fps)) : null, speed_up: known ? 3.9 : null };
  }
}

/** Tells the listener of every step, so many times a second, until the film is done; the returned function ends it. */
export function perform(play: Play, listener: EventListener, per_second: number): () => void {
  let seq = 0;
  const clock = setInterval(() => {
    seq += 1;
    const what = play.next();
    listener.event({ seq, event: { is: 'job', what } });
    if (what.state.is === 'completed') clearInterval(clock);
  }, 1000 / per_second);
  return () => clearInterval(clock);
}
