/** A QR code's rows as one path. Pure. */

/** Light modules round the code: without them cameras do not find it. */
export const BORDER = 4;

/** The dark modules of rows of `1` and `0` as an SVG path, each run of them one rectangle, beside the border. */
export function qrPath(rows: readonly string[]): string {
  const runs = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) => `M${run.index + BORDER} ${y + BORDER}h${run[0].length}v1h-${run[0].length}z`));
  return runs.join('');
}
