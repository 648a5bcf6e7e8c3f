/** Numbers as people read them. Pure. */

/** `1.4 GB`: decimal units, as disks are sold. */
export function bytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A film's length: `1:42:03`. */
export function filmLength(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Time to go, no more exact than it is known: `about 6 min`. */
export function toGo(seconds: number): string {
  const minutes = Math.max(0, seconds) / 60;
  if (minutes < 1) return 'less than a minute';
  if (minutes < 20) return `about ${Math.round(minutes)} min`;
  const rounded = Math.round(minutes / 5) * 5;
  if (rounded < 60) return `about ${rounded} min`;
  const [h, m] = [Math.floor(rounded / 60), rounded % 60];
  return m === 0 ? `about ${h} h` : `about ${h} h ${m} min`;
}

/** Time that passed: `48 s`, `12 min`, `1 h 5 min`. */
export function took(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Time that is left, counted down: `9:58`. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** `48 fps`. */
export function fps(speed: number): string {
  return `${speed >= 9.95 ? speed.toFixed(0) : speed.toFixed(1)} fps`;
}

/** `3.4×`. */
export function times(factor: number): string {
  return `${factor >= 9.95 ? factor.toFixed(0) : factor.toFixed(1)}×`;
}

/** How the output's size compares: `64 % smaller`. */
export function change(before: number, after: number): string {
  if (before <= 0) return '';
  const percent = Math.round(100 * Math.abs(1 - after / before));
  if (percent === 0) return 'the same size';
  return after < before ? `${percent} % smaller` : `${percent} % larger`;
}

/** How long ago a moment was: `5 min ago`. */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, (now - ms) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 5400) return `${took(seconds)} ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

/** `1 computer`, `2 computers`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
