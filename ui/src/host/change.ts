/** Changes to what the node keeps: each is made of what is kept just before, so that nothing is set back that somebody else has set since. */
import type { Settings, Wishes } from '../generated/api';
import type { Host } from './types';

type Calls = Pick<Host, 'call'>;

let last: Promise<unknown> = Promise.resolve();

/** One after the other: two at once would both be made of what was there before either, and one of them would be lost. */
export function inTurn<T>(deed: () => Promise<T>): Promise<T> {
  const mine = last.then(deed);
  last = mine.catch(() => undefined);
  return mine;
}

/** Sets what `change` makes of the settings, and gives that. A `Refused` that it throws goes to whoever asked. */
export function changeSettings(host: Calls, change: (now: Settings) => Settings): Promise<Settings> {
  return inTurn(async () => {
    const now = await host.call('settings', {});
    const next = change(now);
    if (next !== now) await host.call('set_settings', { settings: next });
    return next;
  });
}

/** The same for the presets and the choice made last. */
export function changeWishes(host: Calls, change: (now: Wishes) => Wishes): Promise<Wishes> {
  return inTurn(async () => {
    const now = await host.call('wishes', {});
    const next = change(now);
    if (next !== now) await host.call('set_wishes', { wishes: next });
    return next;
  });
}
