/** The pictures along a film, fetched one after the other, the spread-out ones first. */
import type { Film } from '../generated/api';
import type { Host } from '../host/types';
import type { Picture } from './paint';

/** Pixels high, on the screen's own grid. */
const HEIGHT = 128;
/** After so many failures in a row the film is left alone: it may be gone. */
const MOST_FAILURES = 2;

/** Numbers from 0 to count - 1, each as far as possible from those before. */
export function spread(count: number): number[] {
  const order: number[] = [];
  const taken = new Set<number>();
  const take = (place: number) => {
    if (place < count && !taken.has(place)) order.push(place);
    taken.add(place);
  };
  for (let step = 2 ** Math.ceil(Math.log2(Math.max(1, count))); step >= 1; step /= 2) {
    for (let place = Math.floor(step / 2); place < count; place += step) take(place);
  }
  for (let place = 0; place < count; place += 1) take(place);
  return order;
}

export class Reel {
  private readonly kept = new Map<string, Picture>();
  private round = 0;

  constructor(
    private readonly host: Pick<Host, 'call'>,
    private readonly film: Film,
    private readonly changed: () => void,
  ) {}

  /** The pictures for so many places, as far as they are there. */
  pictures(count: number): (Picture | undefined)[] {
    return Array.from({ length: count }, (_, place) => this.kept.get(`${place}/${count}`));
  }

  /** Fetches those that are missing; a later call ends an earlier one. */
  async fetch(count: number, start: number, length: number): Promise<void> {
    const round = ++this.round;
    let failures = 0;
    for (const place of spread(count)) {
      if (this.kept.has(`${place}/${count}`)) continue;
      const at_s = start + (length * (place + 0.5)) / count;
      const picture = await this.one(at_s).catch(() => null);
      if (round !== this.round) return;
      if (picture) {
        failures = 0;
        this.kept.set(`${place}/${count}`, picture);
        this.changed();
      } else if (++failures >= MOST_FAILURES) return;
    }
  }

  stop(): void {
    this.round += 1;
  }

  private async one(at_s: number): Promise<Picture | null> {
    const { jpeg } = await this.host.call('still', { film: this.film, at_s, exact: false, height: HEIGHT });
    if (!jpeg) return null;
    const image = new Image();
    image.src = jpegUrl(jpeg);
    await image.decode();
    return { image, width: image.naturalWidth, height: image.naturalHeight };
  }
}

/** A picture as the node sends it, as an address for an `<img>`. */
export function jpegUrl(base64: string): string {
  return `data:image/jpeg;base64,${base64}`;
}
