/** Keeps a scene up to date: events first, snapshot second, and again whenever one is missed. */
import type { Numbered } from '../generated/api';
import { asRefused, type Host, type Refused } from '../host/types';
import { apply, fromSnapshot, type Scene } from './scene';

export interface Follower {
  scene(scene: Scene): void;
  /** `null`: all is well again. */
  trouble(error: Refused | null): void;
}

export function follow(host: Pick<Host, 'call' | 'events'>, follower: Follower): () => void {
  let scene: Scene | null = null;
  let early: Numbered[] = [];
  let asking = false;
  let again = false;
  let over = false;

  async function ask(): Promise<void> {
    // One question at a time; one that comes meanwhile is asked afterwards.
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    scene = null;
    try {
      const snapshot = await host.call('snapshot', {});
      if (over) return;
      scene = fromSnapshot(snapshot);
      follower.trouble(null);
      const waiting = early;
      early = [];
      waiting.forEach(take);
      if (scene) follower.scene(scene);
    } catch (thrown) {
      if (!over) follower.trouble(asRefused(thrown));
    } finally {
      asking = false;
      if (again && !over) {
        again = false;
        void ask();
      }
    }
  }

  function take(numbered: Numbered): void {
    if (!scene) {
      early.push(numbered);
      return;
    }
    scene = apply(scene, numbered);
    if (!scene) {
      early = [numbered];
      void ask();
    }
  }

  const stop = host.events({
    open: () => void ask(),
    event(numbered) {
      take(numbered);
      if (scene && !asking) follower.scene(scene);
    },
    lost() {
      // A stream that begins anew may count anew: what came on the old one fits nothing any more.
      early = [];
      // Ask why: the answer says more than a broken stream, and notices if the node has gone.
      void ask();
    },
  });
  return () => {
    over = true;
    stop();
  };
}
