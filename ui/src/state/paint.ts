/** Draws the film: its pictures, and below them the lane of segments in the colours of the computers. */
import type { ComputerId, Job, Segment } from '../generated/api';
import { HUES, initial, type Hues } from './hues';
import { share, type Lane } from './strip';

/** Height of the pictures with the perforation above and below them, CSS pixels. */
export const PICTURES = 82;
/** Height of one row of perforation. */
const HOLES = 9;
/** Between the pictures and the lane. */
export const GAP = 5;

/** Lines on an 8×8 tile, one for each hue; the first is plain. The badges draw the same ones. */
export const PATTERNS = [
  '',
  'M-2 2 L2 -2 M0 8 L8 0 M6 10 L10 6',
  'M0 4 H8',
  'M4 0 V8',
  'M0 0 L8 8 M-2 6 L2 10 M6 -2 L10 2',
  'M0 4 H8 M4 0 V8',
  'M2 2 h1 M6 6 h1',
  'M0 2 L4 6 L8 2',
] as const;

export interface Palette {
  film: string;
  sunk: string;
  bad: string;
  ink: string;
  hues: string[];
  /** The hue with its lines. */
  fills: (string | CanvasPattern)[];
}

export interface Picture {
  image: CanvasImageSource;
  width: number;
  height: number;
}

export interface Scenery {
  job: Job;
  lane: Lane;
  width: number;
  hues: Hues;
  names: ReadonlyMap<ComputerId, string>;
  /** Pictures from left to right; holes where they are not there yet. */
  pictures: readonly (Picture | undefined)[];
  /** The cell pointed at; -1 for none. */
  at: number;
  /** The computer whose work is shown; `null` for everybody's. */
  lit: ComputerId | null;
}

export function palette(ctx: CanvasRenderingContext2D, style: CSSStyleDeclaration): Palette {
  const read = (name: string) => style.getPropertyValue(name).trim();
  const ink = read('--hue-ink');
  const hues = Array.from({ length: HUES }, (_, hue) => read(`--hue-${hue}`));
  const fills = hues.map((colour, hue) => tile(ctx, colour, ink, PATTERNS[hue] ?? '') ?? colour);
  return { film: read('--film'), sunk: read('--film-sunk'), bad: '#e5564b', ink, hues, fills };
}

function tile(ctx: CanvasRenderingContext2D, colour: string, ink: string, lines: string): CanvasPattern | null {
  if (!lines) return null;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 8;
  const small = canvas.getContext('2d');
  if (!small) return null;
  small.fillStyle = colour;
  small.fillRect(0, 0, 8, 8);
  small.strokeStyle = ink;
  small.globalAlpha = 0.27;
  small.lineWidth = 1.5;
  small.lineCap = 'round';
  small.stroke(new Path2D(lines));
  return ctx.createPattern(canvas, 'repeat');
}

export function paint(ctx: CanvasRenderingContext2D, colours: Palette, scenery: Scenery): void {
  const { width, lane } = scenery;
  ctx.fillStyle = colours.film;
  ctx.fillRect(0, 0, width, PICTURES + GAP + lane.height);
  perforation(ctx, width);
  pictures(ctx, scenery);
  veil(ctx, colours, scenery);
  ctx.save();
  ctx.translate(0, PICTURES + GAP);
  cells(ctx, colours, scenery);
  ctx.restore();
  mark(ctx, scenery);
}

function perforation(ctx: CanvasRenderingContext2D, width: number): void {
  ctx.fillStyle = 'rgb(255 255 255 / 13%)';
  ctx.beginPath();
  for (let x = 5; x < width; x += 13) {
    ctx.roundRect(x, 2.5, 6, 4, 1.2);
    ctx.roundRect(x, PICTURES - 6.5, 6, 4, 1.2);
  }
  ctx.fill();
}

function pictures(ctx: CanvasRenderingContext2D, { pictures, width }: Scenery): void {
  const each = width / Math.max(1, pictures.length);
  const [top, height] = [HOLES, PICTURES - 2 * HOLES];
  pictures.forEach((picture, place) => {
    const [x, w] = [place * each + 1, each - 2];
    if (!picture) {
      ctx.fillStyle = 'rgb(255 255 255 / 6%)';
      ctx.fillRect(x, top, w, height);
      return;
    }
    // As large as it must be to leave no gap, cut where it does not fit.
    const scale = Math.max(w / picture.width, height / picture.height);
    const [sw, sh] = [w / scale, height / scale];
    ctx.drawImage(picture.image, (picture.width - sw) / 2, (picture.height - sh) / 2, sw, sh, x, top, w, height);
  });
}

/** What is not encoded yet lies in the dark; what is has the colour of whoever did it. */
function veil(ctx: CanvasRenderingContext2D, colours: Palette, { job, lane, hues, lit, width }: Scenery): void {
  const [top, height] = [HOLES, PICTURES - 2 * HOLES];
  const dark = (x: number, w: number, alpha: number) => {
    ctx.fillStyle = `rgb(12 13 16 / ${alpha * 100}%)`;
    ctx.fillRect(x, top, w, height);
  };
  // Once the film is whole, its pictures are shown as they are.
  const tint = job.state.is === 'completed' ? 0 : 0.13;
  let end = 0;
  for (let first = 0; first < lane.cells.length; first += lane.rows) {
    const cell = lane.cells[first];
    if (!cell) break;
    const column = job.segments.slice(first, first + lane.rows);
    const part = column.reduce((sum, one) => sum + share(one), 0) / column.length;
    end = cell.x + cell.width;
    if (lane.rows > 1) {
      dark(cell.x, cell.width, 0.74 * (1 - part));
      continue;
    }
    const one = column[0] as Segment;
    const hue = one.computer === null ? undefined : hues.get(one.computer);
    const done = cell.width * part;
    dark(cell.x + done, cell.width - done, one.state === 'waiting' ? 0.74 : 0.6);
    if (lit !== null && one.computer !== lit) dark(cell.x, done, 0.6);
    else if (hue !== undefined && done > 0) {
      ctx.globalAlpha = one.state === 'done' ? tint : 0.46;
      ctx.fillStyle = colours.hues[hue] ?? '';
      ctx.fillRect(cell.x, top, done, height);
      ctx.globalAlpha = 1;
      if (one.state === 'encoding') ctx.fillRect(cell.x + done - 1, top, 2, height);
    }
  }
  if (end < width) dark(end, width - end, 0.74);
}

function cells(ctx: CanvasRenderingContext2D, colours: Palette, scenery: Scenery): void {
  const { job, lane, hues, lit } = scenery;
  for (const cell of lane.cells) {
    const one = job.segments[cell.place] as Segment;
    const hue = one.computer === null ? undefined : hues.get(one.computer);
    const gap = cell.width > 3 ? 1 : 0;
    const [w, h] = [Math.max(0.5, cell.width - gap), lane.rows > 1 ? Math.max(1, cell.height - 1) : cell.height];
    const known = hue !== undefined && one.state !== 'failed';
    if (!known) {
      ctx.fillStyle = one.state === 'failed' ? colours.bad : colours.sunk;
      ctx.fillRect(cell.x, cell.y, w, h);
      continue;
    }
    const dim = lit !== null && one.computer !== lit ? 0.16 : 1;
    const plain = colours.hues[hue] ?? '';
    const part = share(one);
    if (part < 1) {
      ctx.globalAlpha = 0.3 * dim;
      ctx.fillStyle = plain;
      ctx.fillRect(cell.x, cell.y, w, h);
    }
    ctx.globalAlpha = (one.state === 'checking' ? 0.72 : 1) * dim;
    ctx.fillStyle = w >= 12 && h >= 12 ? (colours.fills[hue] ?? plain) : plain;
    ctx.fillRect(cell.x, cell.y, w * part, h);
    ctx.globalAlpha = 1;
  }
  if (lane.rows === 1) letters(ctx, colours, scenery);
}

/** The initial of a computer on each of its stretches that has room for it. */
function letters(ctx: CanvasRenderingContext2D, colours: Palette, scenery: Scenery): void {
  const { job, lane, hues, lit } = scenery;
  for (let first = 0, last = 0; first < lane.cells.length; first = last + 1) {
    const one = job.segments[first] as Segment;
    last = first;
    const alike = (next: Segment | undefined) => next !== undefined && next.computer === one.computer && one.state === 'done' && next.state === 'done';
    while (alike(job.segments[last + 1])) last += 1;
    const [from, to] = [lane.cells[first], lane.cells[last]];
    const hue = one.computer === null ? undefined : hues.get(one.computer);
    if (!from || !to || hue === undefined || one.state === 'failed' || (lit !== null && lit !== one.computer)) continue;
    const width = to.x + to.width - from.x;
    if (width >= 20) letter(ctx, colours, scenery, one, from.x + width / 2, from.height / 2, share(one), colours.hues[hue] ?? '');
  }
}

function letter(ctx: CanvasRenderingContext2D, colours: Palette, { names }: Scenery, one: Segment, x: number, y: number, part: number, plain: string): void {
  const text = initial(names.get(one.computer ?? '') ?? '');
  ctx.font = '700 12px system-ui, sans-serif';
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  if (part >= 0.6) {
    // On a patch of the plain colour: the lines of the pattern must not run through it.
    ctx.strokeStyle = plain;
    ctx.lineWidth = 5;
    ctx.lineJoin = 'round';
    ctx.strokeText(text, x, y + 0.5);
    ctx.fillStyle = colours.ink;
  } else {
    ctx.fillStyle = '#ffffff';
  }
  ctx.fillText(text, x, y + 0.5);
}

function mark(ctx: CanvasRenderingContext2D, { lane, at }: Scenery): void {
  const cell = lane.cells[at];
  if (!cell) return;
  ctx.strokeStyle = '#ffffff';
  ctx.lineWidth = 2;
  const top = PICTURES + GAP + cell.y;
  ctx.strokeRect(cell.x, top + 1, Math.max(3, cell.width - 1), Math.max(2, cell.height - 2));
  ctx.fillStyle = 'rgb(255 255 255 / 30%)';
  ctx.fillRect(cell.x, HOLES, Math.max(1, cell.width - 1), PICTURES - 2 * HOLES);
}
