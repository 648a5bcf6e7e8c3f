/** A browser: calls by HTTP, events by server-sent events, files by upload. */
import { bytes } from '../format/numbers';
import type { FilePath, Job, Numbered } from '../generated/api';
import { t } from '../words/words.svelte';
import { isApiError, Refused, shown, type DropListener, type Host, type Picked } from './types';

/** The header that no foreign page can send; see crates/web/src/guard.rs. */
const HEADERS = { 'x-manyhands': '1' };

interface Page {
  uploads: string;
  upload_limit_bytes: number;
  open: boolean;
}

export function browserHost(): Host {
  const signedIn = signIn();
  let page: Page | null = null;
  const about = signedIn.then(async () => (page = await read<Page>(await send('/api/page', {}))));
  // Whoever calls hears of it; nobody else has to.
  about.catch(() => undefined);
  return {
    async call(name, args) {
      await signedIn;
      const headers = { ...HEADERS, 'content-type': 'application/json' };
      return read(await send(`/api/${name}`, { method: 'POST', headers, body: JSON.stringify(args) }));
    },
    events(listener) {
      let source: EventSource | null = null;
      let over = false;
      const open = () => {
        source = new EventSource('/api/events');
        source.onopen = () => listener.open();
        source.onmessage = (message: MessageEvent<string>) => listener.event(JSON.parse(message.data) as Numbered);
        source.onerror = () => {
          listener.lost();
          // A browser gives up on a stream that was refused; the node may only be starting again.
          if (source?.readyState === EventSource.CLOSED) setTimeout(() => over || open(), 3000);
        };
      };
      signedIn.then(() => over || open(), () => listener.lost());
      return () => {
        over = true;
        source?.close();
      };
    },
    drops,
    choose,
    async hand(file, progress, signal) {
      if (!('file' in file)) throw noPath();
      const { upload_limit_bytes: limit } = await about;
      if (file.file.size > limit) throw new Refused('no_space', t().host.tooLarge(bytes(limit)), t().host.tooLargeHelp);
      return upload(file.file, progress, signal);
    },
    open: null,
    show: null,
    speak: null,
    folder: null,
    async signIn() {
      const entry = await read<{ password: boolean }>(await send('/api/door', {}));
      return entry.password ? (password) => enter({ password }).then(() => location.reload()) : null;
    },
    exposed: async () => (await about).open,
    login: null,
    async keep(name, what) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(typeof what === 'string' ? new Blob([what], { type: 'text/plain;charset=utf-8' }) : what);
      link.download = name;
      link.click();
      // The browser reads it after this turn.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      return true;
    },
    take: takeText,
    text: async (file) => ('file' in file ? readText(file.file) : Promise.reject(noPath())),
    download: (job) => (job.state.is === 'completed' ? `/api/output/${job.id}` : null),
    ownsFiles: (job) => page !== null && isBelow(job, page.uploads),
  };
}

const noPath = () => new Refused('other', t().host.noPath, t().host.noPathHelp);

/** Exchanges the link's token, if there is one, and takes it out of the address. */
async function signIn(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return;
  history.replaceState(null, '', location.pathname);
  await enter({ token });
}

/** Exchanges a key for a cookie. */
async function enter(key: { token: string } | { password: string }): Promise<void> {
  const headers = { ...HEADERS, 'content-type': 'application/json' };
  const answer = await send('/api/session', { method: 'POST', headers, body: JSON.stringify(key) });
  if (!answer.ok) await read(answer);
}

async function send(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...request, credentials: 'same-origin', redirect: 'error' });
  } catch {
    throw new Refused('not_reached', t().host.unreached, t().host.unreachedHelp);
  }
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.ok) return (await answer.json()) as T;
  const body: unknown = await answer.json().catch(() => null);
  if (answer.status === 401 || answer.status === 429) throw signedOut(body);
  if (isApiError(body)) throw Refused.from(body);
  throw new Refused('other', t().host.status(answer.status));
}

function signedOut(body: unknown): Refused {
  return new Refused('signed_out', isApiError(body) ? body.message : t().host.openLink);
}

export function drops(listener: DropListener): () => void {
  // Entering a child comes before leaving its parent: count, rather than believe either.
  let depth = 0;
  const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  const handlers = {
    dragenter(event: DragEvent) {
      if (holdsFiles(event) && ++depth === 1) listener.over(true);
    },
    dragleave(event: DragEvent) {
      if (holdsFiles(event) && --depth === 0) listener.over(false);
    },
    dragover(event: DragEvent) {
      event.preventDefault();
    },
    drop(event: DragEvent) {
      event.preventDefault();
      depth = 0;
      listener.over(false);
      void dropped(event.dataTransfer).then((files) => files.length > 0 && listener.drop(files.map(picked)));
    },
    paste(event: ClipboardEvent) {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) listener.drop(files.map(picked));
    },
  };
  const names = Object.keys(handlers) as (keyof typeof handlers)[];
  for (const name of names) window.addEventListener(name, handlers[name] as EventListenerOrEventListenerObject);
  return () => {
    for (const name of names) window.removeEventListener(name, handlers[name] as EventListenerOrEventListenerObject);
  };
}

/** What most films are named: which files of a dropped folder are meant. A file dropped by itself is always meant. */
const FILMS = /\.(mkv|mp4|m4v|mov|webm|avi|ts|m2ts|mts|mpe?g|vob|wmv|flv|ogv|3gp|mxf)$/i;
/** The most files taken out of folders. */
const MOST_FILES = 500;

/** The files dropped, and the films in the folders dropped. */
async function dropped(data: DataTransfer | null): Promise<File[]> {
  // Read before anything is waited for: afterwards the browser has taken them back.
  const entries = [...(data?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...(data?.files ?? [])];
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const found: File[] = [];
  for (const entry of entries) if (entry) await collect(entry, found, entry.isFile);
  return found;
}

async function collect(entry: FileSystemEntry, found: File[], meant: boolean): Promise<void> {
  if (found.length >= MOST_FILES) return;
  if (entry.isFile) {
    if (!meant && !FILMS.test(entry.name)) return;
    const file = await new Promise<File | null>((resolve) => (entry as FileSystemFileEntry).file(resolve, () => resolve(null)));
    if (file) found.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder is read in pieces, until there is an empty one.
    const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return;
    for (const one of some) await collect(one, found, false);
  }
}

/** The largest file taken as text, bytes. */
const MOST_TEXT = 1 << 20;

function takeText(): Promise<string | null> {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'application/json,.json';
  return new Promise((resolve, reject) => {
    input.oncancel = () => resolve(null);
    input.onchange = () => {
      const file = input.files?.[0];
      if (!file) resolve(null);
      else readText(file).then(resolve, reject);
    };
    input.click();
  });
}

export async function readText(file: File): Promise<string> {
  if (file.size > MOST_TEXT) throw new Refused('bad_request', t().host.textTooLarge(file.name));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Refused('unreadable', t().host.noText(file.name));
  }
}

function choose(): Promise<Picked[]> {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  return new Promise((resolve) => {
    input.onchange = () => resolve([...(input.files ?? [])].map(picked));
    input.oncancel = () => resolve([]);
    input.click();
  });
}

function picked(file: File): Picked {
  return { name: file.name, file };
}

/** Waits before an interrupted upload is tried again, milliseconds; whatever arrives begins the list anew. */
const WAITS = [500, 1000, 2000, 4000, 8000, 16_000, 30_000];

/** Uploads for which there was no room: what has arrived stays, and the same file goes on with it. */
const halted = new Map<string, string>();

/** Uploads a file, going on where it was after an interruption. */
async function upload(file: File, progress: (share: number) => void, signal: AbortSignal): Promise<FilePath> {
  const name = [file.name, file.size, file.lastModified].join('\n');
  const before = halted.get(name);
  halted.delete(name);
  const key = before ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  let from = before === undefined ? 0 : ((await arrived(key)) ?? 0);
  for (let tries = 0; ; tries += 1) {
    try {
      return await put(file, key, from, progress, signal);
    } catch (thrown) {
      if (thrown instanceof Refused && thrown.code === 'no_space' && !signal.aborted) {
        halted.set(name, key);
        throw thrown;
      }
      const cut = thrown instanceof Refused && thrown.code === 'not_reached';
      const wait = WAITS[tries];
      if (!cut || wait === undefined || signal.aborted) {
        // Nobody comes back for it.
        fetch(`/api/upload/${key}`, { method: 'DELETE', headers: HEADERS }).catch(() => undefined);
        throw thrown;
      }
      await pause(wait, signal);
      const there = signal.aborted ? null : await arrived(key);
      if (there !== null && there > from) tries = -1;
      from = there ?? from;
    }
  }
}

/** Ends early where nobody wants the file any more: the next try then ends at once. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** How much of an upload is there; null where that cannot be learnt now. */
async function arrived(key: string): Promise<number | null> {
  const there = await send(`/api/upload/${key}`, {}).then((answer) => read<{ bytes: number }>(answer)).catch(() => null);
  return there === null ? null : there.bytes;
}

/** One try, from this byte on. `fetch` tells nothing of how far an upload is; this does. */
function put(file: File, key: string, from: number, progress: (share: number) => void, signal: AbortSignal): Promise<FilePath> {
  const stopped = () => new Refused('cancelled', t().host.stopped);
  return new Promise((resolve, reject) => {
    // A signal that was given already is not given again.
    if (signal.aborted) return reject(stopped());
    const request = new XMLHttpRequest();
    request.open('PUT', `/api/upload/${encodeURIComponent(file.name)}`);
    const part = { 'x-upload': key, 'x-upload-from': String(from), 'x-upload-size': String(file.size) };
    for (const [name, value] of Object.entries({ ...HEADERS, ...part })) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(file.size > 0 ? (from + event.loaded) / file.size : 1);
    request.onerror = () => reject(new Refused('not_reached', t().host.interrupted, t().host.dropAgain));
    request.onabort = () => reject(stopped());
    request.onload = () => {
      const answer = new Response(request.responseText, { status: request.status });
      read<{ path: string }>(answer).then(({ path }) => resolve(path), reject);
    };
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(from > 0 ? file.slice(from) : file);
  });
}

function isBelow(job: Job, folder: string): boolean {
  const path = shown(job.source);
  return path.startsWith(folder) && /^[/\\]/.test(path.slice(folder.length));
}
