/** A drawing of the page as a picture of its own: an SVG or a PNG, with the colours that it has on the screen. */
import { t } from '../words/words.svelte';

/** The widest picture, pixels: more is not read any more. */
const WIDEST = 6000;

/** The drawing by itself: colours instead of their names, and the patterns that it uses. */
export function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(Math.round(width)));
  copy.setAttribute('height', String(Math.round(height)));
  for (const named of copy.querySelectorAll('[data-x]')) named.setAttribute('x', named.getAttribute('data-x') ?? '0');
  const text = new XMLSerializer().serializeToString(copy);
  const used = new Set([...text.matchAll(/url\(#([\w-]+)\)/g)].map(([, id]) => id as string));
  const defs = [...used].filter((id) => !copy.querySelector(`#${CSS.escape(id)}`)).map((id) => document.getElementById(id));
  const patterns = defs.map((one) => (one ? new XMLSerializer().serializeToString(one) : '')).join('');
  const style = getComputedStyle(document.documentElement);
  const ground = `<rect width="100%" height="100%" fill="var(--card)"/>`;
  return text
    .replace(/^(<svg[^>]*>)/, `$1<defs>${patterns}</defs>${ground}`)
    .replaceAll(/var\((--[\w-]+)\)/g, (_, name: string) => style.getPropertyValue(name).trim());
}

/** The same as a PNG, twice as fine where it is not too wide. */
export async function png(svg: SVGSVGElement): Promise<Blob> {
  const { width, height } = svg.getBoundingClientRect();
  const scale = Math.min(2, WIDEST / Math.max(1, width));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t().host.noPicture))), 'image/png'));
}
