/** The window: calls go to Rust in the same process. The only file that knows Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { FilePath, Numbered } from '../generated/api';
import type { Catalogue } from '../words/en';
import { t } from '../words/words.svelte';
import { asRefused, isApiError, Refused, shown, type Host, type Picked } from './types';

/** What the shell tells the page beside the node's events; see src-tauri/sink.rs and drop.rs. */
type Dropped = { is: 'over' } | { is: 'out' } | { is: 'files'; paths: FilePath[] } | { is: 'opened' };

export function windowHost(): Host {
  return {
    call: (name, args) => run(name, args),
    events(listener) {
      const stop = subscribe<Numbered>('event', (numbered) => listener.event(numbered));
      void stop.then(() => listener.open());
      return () => void stop.then((off) => off());
    },
    drops(listener) {
      const opened = () => void run<FilePath[]>('shell.opened', {}).then((paths) => paths.length > 0 && listener.drop(paths.map(picked)));
      const stop = subscribe<Dropped>('drop', (dropped) => {
        if (dropped.is === 'opened') return opened();
        listener.over(dropped.is === 'over');
        if (dropped.is === 'files') listener.drop(dropped.paths.map(picked));
      });
      // Asked once it is listened to: what comes in between is not missed.
      void stop.then(opened);
      // A page in the window must not be replaced by a file that misses the drop handler.
      const stay = (event: DragEvent) => event.preventDefault();
      window.addEventListener('dragover', stay);
      window.addEventListener('drop', stay);
      const paste = (event: ClipboardEvent) => {
        const paths = pathsIn(event.clipboardData);
        if (paths.length > 0) listener.drop(paths.map(picked));
      };
      window.addEventListener('paste', paste);
      return () => {
        window.removeEventListener('paste', paste);
        void stop.then((off) => off());
        window.removeEventListener('dragover', stay);
        window.removeEventListener('drop', stay);
      };
    },
    choose: async () => (await run<FilePath[]>('shell.choose', {})).map(picked),
    async hand(file) {
      if ('path' in file) return file.path;
      throw onlyPath();
    },
    open: (job) => run<void>('shell.open', { id: job.id }),
    show: (job) => run<void>('shell.show', { id: job.id }),
    folder: () => run<FilePath | null>('shell.folder', {}),
    signIn: async () => null,
    exposed: async () => false,
    login: {
      starts: () => run<boolean>('shell.starts_at_login', {}),
      start: (on) => run<void>('shell.start_at_login', { on }),
    },
    keep: async (name, what) => run<boolean>('shell.keep', typeof what === 'string' ? { name, text: what } : { name, bytes: [...new Uint8Array(await what.arrayBuffer())] }),
    take: () => run<string | null>('shell.take', {}),
    text: async (file) => ('path' in file ? run<string>('shell.text', { path: file.path }) : Promise.reject(onlyPath())),
    speak: (words) => void run('shell.speak', { words: phrases(words) }),
    download: () => null,
    ownsFiles: () => false,
  };
}

const onlyPath = () => new Refused('other', t().host.onlyPath, t().host.onlyPathHelp);

async function run<T>(name: string, args: object): Promise<T> {
  try {
    return await invoke<T>('call', { name, args });
  } catch (thrown) {
    throw isApiError(thrown) ? Refused.from(thrown) : asRefused(thrown);
  }
}

/** The shell's words as it takes them: in its phrases, names stand for what is put there. */
function phrases(words: Catalogue['shell']) {
  const { one, many, done, smaller, failed, asked, ...rest } = words;
  return {
    ...rest,
    one: one('{percent}'),
    many: many('{count}', '{percent}'),
    done: done('{name}'),
    smaller: smaller('{percent}'),
    failed: failed('{name}'),
    asked: asked('{name}'),
  };
}

function subscribe<T>(name: string, listener: (payload: T) => void): Promise<() => void> {
  return listen<T>(name, (message) => listener(message.payload));
}

/** Files that a file manager has copied, as paths; nothing while somebody pastes into a field. */
function pathsIn(data: DataTransfer | null): string[] {
  const field = document.activeElement;
  if (!data || field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) return [];
  const lines = (data.getData('text/uri-list') || data.getData('text/plain')).split(/\r?\n/);
  return lines.flatMap((line) => {
    if (line.startsWith('file://')) return [decodeURIComponent(new URL(line).pathname)];
    return line.startsWith('/') || /^[A-Za-z]:\\/.test(line) ? [line.trim()] : [];
  });
}

function picked(path: FilePath): Picked {
  return { name: shown(path).split(/[/\\]/).pop() ?? '', path };
}
