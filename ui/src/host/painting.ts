/** Pictures of a film that was never made, for the fake host: a day over hills, from dawn to night. */

const WIDTH = 640;
const HEIGHT = 360;

/** The frame at this share of the film, 0 to 1, as a JPEG in Base64; `worse`: as an encoder leaves it. */
export function painting(share: number, worse = false): string {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const ctx = canvas.getContext('2d');
  if (!ctx) return '';
  sky(ctx, share);
  for (let layer = 0; layer < 4; layer += 1) hills(ctx, share, layer);
  return canvas.toDataURL('image/jpeg', worse ? 0.25 : 0.9).split(',')[1] ?? '';
}

function sky(ctx: CanvasRenderingContext2D, share: number): void {
  const warm = Math.abs(Math.cos(share * Math.PI * 2));
  const light = 22 + 55 * Math.sin(Math.PI * Math.min(1, share * 1.15));
  const gradient = ctx.createLinearGradient(0, 0, 0, HEIGHT);
  gradient.addColorStop(0, `hsl(${220 - 30 * warm} 55% ${light * 0.75}%)`);
  gradient.addColorStop(1, `hsl(${warm > 0.5 ? 28 : 200} 70% ${light}%)`);
  ctx.fillStyle = gradient;
  ctx.fillRect(0, 0, WIDTH, HEIGHT);
  ctx.fillStyle = `hsl(${46 - 20 * warm} 95% ${60 + light / 3}%)`;
  ctx.beginPath();
  ctx.arc(WIDTH * (0.1 + 0.8 * share), HEIGHT * (0.75 - 0.55 * Math.sin(Math.PI * share)), 26, 0, 7);
  ctx.fill();
}

function hills(ctx: CanvasRenderingContext2D, share: number, layer: number): void {
  const light = 8 + (3 - layer) * 8 + 16 * Math.sin(Math.PI * share);
  ctx.fillStyle = `hsl(${150 + layer * 22 + share * 60} ${24 + layer * 5}% ${light}%)`;
  ctx.beginPath();
  ctx.moveTo(0, HEIGHT);
  for (let x = 0; x <= WIDTH; x += 8) {
    const at = x / 90 + layer * 4 + share * 9 * (layer + 1);
    ctx.lineTo(x, HEIGHT * (0.5 + layer * 0.12) + Math.sin(at) * 26 + Math.sin(at * 2.7) * 9);
  }
  ctx.lineTo(WIDTH, HEIGHT);
  ctx.fill();
}
