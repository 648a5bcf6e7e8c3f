/** The file of settings, as far as the page needs it. Pure. */
import type { Complaint, Config, Settings } from '../generated/api';

/** The key of the file that each of these fields is. */
const KEYS = {
  name: 'node.name',
  hide_name: 'node.hide_name',
  ffmpeg: 'node.ffmpeg',
  donate_cores: 'donate.cores',
  temp: 'temp.dir',
  temp_limit: 'temp.limit',
  bandwidth: 'network.bandwidth',
  port: 'network.port',
  web_port: 'web.port',
} as const satisfies Partial<Record<keyof Settings, string>>;

/** The variable that a key's value stands in, so that it cannot be changed here; `null` where there is none. */
export function keySetBy(config: Config | null, key: string): string | null {
  const from = config?.keys.find((one) => one.key === key)?.from;
  return from?.is === 'variable' ? from.name : null;
}

/** The same for a field. */
export function setBy(config: Config | null, field: keyof typeof KEYS): string | null {
  return keySetBy(config, KEYS[field]);
}

/** Where a mistake is: "config.toml, line 12". */
export function place(complaint: Complaint, line: (n: number) => string): string {
  return complaint.line === null ? complaint.source : `${complaint.source}, ${line(complaint.line)}`;
}
