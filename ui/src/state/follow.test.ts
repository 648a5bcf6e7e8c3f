import { describe, expect, it } from 'vitest';
import type { Calls, Numbered, Snapshot } from '../generated/api';
import { here, job, QUIET } from '../host/script';
import { Refused, type EventListener } from '../host/types';
import { follow } from './follow';
import type { Scene } from './scene';

/** A host whose answers are given by hand. */
class Stage {
  listener!: EventListener;
  questions: ((answer: Snapshot | Refused) => void)[] = [];
  asked = 0;
  scenes: Scene[] = [];
  troubles: (Refused | null)[] = [];
  stop = follow(
    {
      call: <N extends keyof Calls>() =>
        new Promise<Calls[N]['reply']>((resolve, reject) => {
          this.asked += 1;
          this.questions.push((answer) => (answer instanceof Refused ? reject(answer) : resolve(answer)));
        }),
      events: (listener) => {
        this.listener = listener;
        return () => undefined;
      },
    },
    { scene: (scene) => this.scenes.push(scene), trouble: (error) => this.troubles.push(error) },
  );

  async answer(answer: Snapshot | Refused): Promise<void> {
    this.questions.shift()?.(answer);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  get last(): Scene | undefined {
    return this.scenes.at(-1);
  }
}

const snapshot = (seq: number): Snapshot => ({ seq, pairing: QUIET, here: here(), computers: [], jobs: [] });
const event = (seq: number): Numbered => ({ seq, event: { is: 'job', what: job(seq, `${seq}.mkv`) } });

describe('following', () => {
  it('loses nothing that happens between the stream and the snapshot', async () => {
    const stage = new Stage();
    stage.listener.open();
    stage.listener.event(event(4));
    stage.listener.event(event(5));
    await stage.answer(snapshot(4));
    expect(stage.last?.jobs.map((one) => one.id)).toEqual([5]);
  });

  it('asks again where an event is missing, and goes on from there', async () => {
    const stage = new Stage();
    stage.listener.open();
    await stage.answer(snapshot(1));
    stage.listener.event(event(3));
    expect(stage.asked).toBe(2);
    stage.listener.event(event(4));
    await stage.answer(snapshot(3));
    expect(stage.last?.seq).toBe(4);
  });

  it('starts over after the stream broke, whatever the numbers say', async () => {
    const stage = new Stage();
    stage.listener.open();
    await stage.answer(snapshot(90));
    stage.listener.lost();
    await stage.answer(new Refused('not_reached', 'gone'));
    expect(stage.troubles.at(-1)?.code).toBe('not_reached');
    stage.listener.open();
    await stage.answer(snapshot(2));
    expect(stage.troubles.at(-1)).toBeNull();
    stage.listener.event(event(3));
    expect(stage.last?.seq).toBe(3);
  });

  it('forgets what came on a stream that broke', async () => {
    const stage = new Stage();
    stage.listener.open();
    await stage.answer(snapshot(90));
    stage.listener.event(event(92));
    stage.listener.event(event(93));
    stage.listener.lost();
    await stage.answer(new Refused('not_reached', 'gone'));
    await stage.answer(new Refused('not_reached', 'gone'));
    // A node that was started again counts from the beginning.
    stage.listener.open();
    await stage.answer(snapshot(2));
    expect(stage.last?.seq).toBe(2);
    expect(stage.questions).toHaveLength(0);
    stage.listener.event(event(3));
    expect(stage.last?.seq).toBe(3);
  });

  it('says nothing once it is stopped', async () => {
    const stage = new Stage();
    stage.listener.open();
    stage.stop();
    await stage.answer(snapshot(1));
    expect(stage.scenes).toEqual([]);
  });
});
