import { describe, expect, it } from 'vitest';
import type { Calls, Wishes } from '../generated/api';
import { DEFAULT_CHOICE } from '../generated/api';
import { saved } from '../state/wishes';
import { changeWishes, inTurn } from './change';
import { Refused } from './types';

/** A node that keeps wishes, and takes its time. */
function stage(refuses = false) {
  const kept = { wishes: { last: null, presets: [] } as Wishes, written: 0 };
  const call = async <N extends keyof Calls>(name: N, args: Calls[N]['args']) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (name === 'wishes') return kept.wishes as Calls[N]['reply'];
    if (refuses) throw new Refused('other', 'No.');
    kept.wishes = (args as Calls['set_wishes']['args']).wishes;
    kept.written += 1;
    return null as Calls[N]['reply'];
  };
  return { kept, host: { call } };
}

const names = ({ presets }: Wishes) => presets.map(({ name }) => name);

describe('changes to what the node keeps', () => {
  it('are made of what it keeps by then, not of what was read before', async () => {
    const { kept, host } = stage();
    kept.wishes = saved(kept.wishes, 'of another page', DEFAULT_CHOICE);
    await changeWishes(host, (now) => saved(now, 'TV', DEFAULT_CHOICE));
    expect(names(kept.wishes)).toEqual(['of another page', 'TV']);
  });

  it('do not lose one another where two come at once', async () => {
    const { kept, host } = stage();
    await Promise.all(['A', 'B', 'C'].map((name) => changeWishes(host, (now) => saved(now, name, DEFAULT_CHOICE))));
    expect(names(kept.wishes)).toEqual(['A', 'B', 'C']);
  });

  it('are not in the way of the next where one is refused', async () => {
    const { kept, host } = stage();
    const refused = changeWishes(host, () => {
      throw new Refused('bad_request', 'There is one already.');
    });
    await expect(refused).rejects.toMatchObject({ message: 'There is one already.' });
    await expect(changeWishes(stage(true).host, (now) => ({ ...now }))).rejects.toMatchObject({ message: 'No.' });
    expect(names(await changeWishes(host, (now) => saved(now, 'TV', DEFAULT_CHOICE)))).toEqual(['TV']);
    expect(kept.written).toBe(1);
  });

  it('wait for what is changed beside them, and that for them', async () => {
    const { host } = stage();
    const done: string[] = [];
    const change = changeWishes(host, (now) => saved(now, 'TV', DEFAULT_CHOICE)).then(() => done.push('presets'));
    await Promise.all([change, inTurn(async () => done.push('switch'))]);
    expect(done).toEqual(['presets', 'switch']);
  });

  it('write nothing where nothing changes', async () => {
    const { kept, host } = stage();
    await changeWishes(host, (now) => now);
    expect(kept.written).toBe(0);
  });
});
