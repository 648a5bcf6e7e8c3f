// Films with a number in the picture of every frame, and how the numbers are read again: what comes back is the film, or
// it is not. Shares nothing with the product.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const BITS = 12;
/** The band is two rows of this part of the height: a number's bits, and below them the same exchanged. */
const ROWS = 8;
/** The small grey picture in which they are read: pixels of a cell, and of the picture. */
const CELL = 4;
const SIZE = { width: BITS * CELL, height: ROWS * CELL };
/** The least difference, in grey levels, between a cell and the one below it. */
const CLEAR = 60;

/** The ffmpeg to make and read films with: the one named, the pinned one, the system's. */
function findFfmpeg() {
  const pinned = new URL('../../.tools/ffmpeg', import.meta.url).pathname;
  const platforms = existsSync(pinned) ? readdirSync(pinned) : [];
  const found = platforms.map((name) => join(pinned, name, 'ffmpeg')).find((path) => existsSync(path));
  return process.env.MANYHANDS_FFMPEG ?? found ?? 'ffmpeg';
}

function ffmpeg(words) {
  return execFileSync(findFfmpeg(), ['-v', 'error', '-nostdin', ...words], { maxBuffer: 1 << 28 });
}

/** How the picture of a film is encoded, unless somebody wants another kind. */
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-g', '25', '-c:a', 'aac'];

/** Writes a film of so many seconds, with sound. */
export function makeFilm(path, seconds, codecs = H264) {
  const cells = Array.from({ length: BITS }, (_, place) => {
    const box = (row, when) => `drawbox=x=iw*${place}/${BITS}:y=ih*${row}/${ROWS}:w=iw/${BITS}:h=ih/${ROWS}:color=white:t=fill:enable='${when}'`;
    const bit = `bitand(n,${1 << (BITS - 1 - place)})`;
    return `${box(0, bit)},${box(1, `not(${bit})`)}`;
  });
  const burnt = [`drawbox=x=0:y=0:w=iw:h=ih*2/${ROWS}:color=black:t=fill`, ...cells].join(',');
  const sources = ['-f', 'lavfi', '-i', `testsrc2=s=320x180:r=25:d=${seconds},${burnt}`, '-f', 'lavfi', '-i', `sine=d=${seconds}`];
  ffmpeg([...sources, ...codecs, path]);
}

/** The number of every frame, as decoded, in order; `null` for one that cannot be read. */
export function numbers(path) {
  const filters = `scale=${SIZE.width}:${SIZE.height}:flags=area,format=gray`;
  const pixels = ffmpeg(['-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-vf', filters, '-f', 'rawvideo', '-']);
  const bytes = SIZE.width * SIZE.height;
  return Array.from({ length: pixels.length / bytes }, (_, frame) => number(pixels.subarray(frame * bytes, (frame + 1) * bytes)));
}

function number(picture) {
  let found = 0;
  for (let place = 0; place < BITS; place++) {
    const difference = grey(picture, place, 0) - grey(picture, place, 1);
    if (Math.abs(difference) < CLEAR) return null;
    found = 2 * found + (difference > 0 ? 1 : 0);
  }
  return found;
}

/** The middle of a cell. */
function grey(picture, column, row) {
  const at = (x, y) => picture[(row * CELL + y) * SIZE.width + column * CELL + x];
  return (at(1, 1) + at(2, 1) + at(1, 2) + at(2, 2)) / 4;
}

/** When every frame is shown, seconds, as decoded. */
export function times(path) {
  const said = ffmpeg(['-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framecrc', '-']).toString();
  const [, numerator, denominator] = said.match(/^#tb 0: (\d+)\/(\d+)$/m);
  const frames = said.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return frames.map((line) => (Number(line.split(',')[2]) * numerator) / denominator);
}
