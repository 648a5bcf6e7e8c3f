/** A library of a hundred thousand films for the fake host: nothing of it is kept, every row is made when it is asked for. */
import type { Calls, LibraryFile, LibraryFolder, LibraryRules, LibraryState } from '../generated/api';
import { DEFAULT_CHOICE } from '../generated/api';

const ROOT = '/media/films';
const STATES: readonly LibraryState[] = ['in_work', 'waiting', 'waiting', 'done', 'done', 'done', 'left', 'left', 'left', 'failed', 'not_worthwhile'];
const REASONS: Record<LibraryState, string> = {
  waiting: '',
  in_work: '',
  done: '',
  left: '“Films” does not take it: it is hevc already.',
  failed: 'The file ends in the middle of a frame at 0:41:07. Copy it again from where it came from.',
  not_worthwhile: 'Some of its frames were tried: about 1 % would be saved, and less than 5 % is not worthwhile.',
};

export function libraryRules(watched: boolean): LibraryRules {
  if (!watched) return { hours: [], folders: [] };
  const take = { names: [], not_names: ['*sample*'], min_bytes: 1_000_000_000, max_bytes: null, older_than_h: 720, newer_than_h: null, min_height: null, max_height: null, codecs: [], not_codecs: [], right_codec_too: false };
  const rules = [
    { name: 'Extras', off: false, leave: true, make: DEFAULT_CHOICE, least_saving: 5, take: { ...take, names: ['extras/*'], min_bytes: null, older_than_h: null } },
    { name: 'Films', off: false, leave: false, make: DEFAULT_CHOICE, least_saving: 5, take },
  ];
  return { hours: [], folders: [{ path: ROOT, off: false, on_change: true, every_min: 60, stable_s: 60, rules }, { path: '/mnt/nas/series', off: false, on_change: true, every_min: 60, stable_s: 60, rules: rules.slice(1) }] };
}

function row(id: number): LibraryFile {
  const state = STATES[(id * 7919) % STATES.length] ?? 'left';
  const bytes = 700_000_000 + ((id * 104_729) % 9_000) * 1_000_000;
  const path = `${ROOT}/${String(1950 + (id % 74))}/A film of many ${id}.mkv`;
  const done = state === 'done';
  return { id, path, folder: ROOT, bytes, state, reason: REASONS[state], rule: state === 'left' ? null : 'Films', job: null, forecast_bytes: state === 'in_work' ? Math.round(bytes * 0.47) : null, result_bytes: done ? Math.round(bytes * 0.44) : null, output: done ? path.replace('.mkv', '.hevc.mkv') : null, receipt: null, changed_ms: Date.now() - id * 1000 };
}

const empty = { trouble: null, notes: [], scanned_ms: null, watched: true, counts: [], done_bytes: 0, result_bytes: 0 };

export function libraryAnswers(query: URLSearchParams): { [N in keyof Calls]?: (args: Calls[N]['args']) => Calls[N]['reply'] } {
  const many = Number(query.get('films') ?? 100_000);
  let folders: LibraryFolder[] = [];
  if (query.has('watched')) {
    const counts = (['in_work', 'waiting', 'done', 'left', 'failed', 'not_worthwhile'] as const).map((state) => ({ state, films: Math.round((STATES.filter((one) => one === state).length * many) / STATES.length), bytes: 4.1e9 * many }));
    folders = [
      { ...empty, path: ROOT, scanned_ms: Date.now() - 240_000, counts, done_bytes: 410e9, result_bytes: 190e9 },
      { ...empty, path: '/mnt/nas/series', watched: false, trouble: '/mnt/nas/series is not there. Is its disk plugged in, its share mounted? Nothing of it is forgotten meanwhile.' },
    ];
  }
  return {
    library: () => ({ scan: query.has('watched') ? { folder: ROOT, films: 41_200, looked: 320 } : null, holds: null, folders }),
    library_files: ({ filter, offset, most }) => {
      const all = Array.from({ length: Math.max(0, Math.min(most, many - offset)) }, (_, n) => row(offset + n));
      const files = filter.state === null ? all : all.map((one) => ({ ...one, state: filter.state as LibraryState, reason: REASONS[filter.state as LibraryState] }));
      const none = filter.text === 'nothing' || (filter.folder !== null && filter.folder !== ROOT);
      return none ? { total: 0, files: [] } : { total: many, files };
    },
    library_scan: () => null,
    library_retry: ({ files }) => files.length,
    library_preview: ({ folder }) => ({
      films: 1204,
      bytes: 900e9,
      takes: folder.rules.length === 0 ? 0 : 312,
      takes_bytes: 410e9,
      after_bytes: 190e9,
      reckoned: true,
      some: [
        { within: '1974/A film of many 24.mkv', bytes: 4_200_000_000, rule: folder.rules[0]?.name ?? null, says: '' },
        { within: 'extras/Interview.mkv', bytes: 200_000_000, rule: null, says: 'The rule “Extras” leaves it alone.' },
      ],
    }),
  };
}
