// Says loudly that something was skipped: where the run collects that, and on the terminal.
import { appendFileSync } from 'node:fs';

export function skipped(what, reason) {
  const line = `${what}: ${reason}\n`;
  if (process.env.MANYHANDS_SKIPPED) appendFileSync(process.env.MANYHANDS_SKIPPED, line);
  process.stderr.write(`SKIPPED ${line}`);
  process.exit(0);
}
