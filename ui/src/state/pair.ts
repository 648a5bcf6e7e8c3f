/** The same frame of two films: which time to ask for, and whether it was got. Pure. */
import type { Still } from '../generated/api';

/** Where the film does not say how long a frame is shown, seconds: the last one, or a very slow film. */
const USUAL = 1 / 25;

/** How long the frame is shown, seconds. */
function shownFor({ at_s, next_s }: Still): number {
  return next_s !== null && next_s > at_s ? next_s - at_s : USUAL;
}

/** The time to ask for to get the very same frame of the other file, whose clock may be rounded otherwise. */
export function wanted(before: Still): number {
  return before.at_s - Math.min(0.004, shownFor(before) / 4);
}

/** The time to ask for to get the frame after this one. */
export function nextPlace(before: Still): number {
  return before.next_s === null ? before.at_s : before.next_s - Math.min(0.004, shownFor(before) / 4);
}

/** The time to ask for to get the frame before this one. */
export function placeBefore(before: Still): number {
  return Math.max(0, before.at_s - shownFor(before) * 1.25);
}

/** Both show the same moment: to within a millisecond, which is how exact a container may be. */
export function isSame(before: Still, after: Still): boolean {
  return Math.abs(before.at_s - after.at_s) < Math.min(0.0021, shownFor(before) / 2);
}
