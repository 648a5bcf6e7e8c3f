/** What a screen reader is told of the jobs: their ends, and every quarter of the way. */
import { decimal } from '../format/numbers';
import type { Job, Outcome } from '../generated/api';
import { t } from '../words/words.svelte';

/** Sentences for what happened between two looks at the jobs. */
export function announce(before: readonly Job[], after: readonly Job[]): string[] {
  return after.flatMap((job) => {
    const last = before.find((one) => one.id === job.id);
    return last ? between(last, job) : [];
  });
}

function between(last: Job, job: Job): string[] {
  const words = t().announce;
  if (last.state.is !== job.state.is) {
    if (job.state.is === 'completed') return [words.done(job.name, verdict(job.state.outcome))];
    if (job.state.is === 'failed') return [words.failed(job.name, job.state.error.message)];
    if (job.state.is === 'cancelled') return [words.stopped(job.name)];
  }
  if (job.away?.step === 'ready' && last.away?.step !== 'ready') return [words.ready(job.name, job.away.name)];
  const quarter = Math.floor(job.progress * 4);
  const passed = quarter > Math.floor(last.progress * 4) && quarter < 4;
  return passed ? [words.percent(job.name, quarter * 25)] : [];
}

function verdict({ exact, frames, verdict }: Outcome): string {
  return exact ? t().receipt.exact(decimal(frames)) : verdict;
}
