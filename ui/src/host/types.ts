/** Everything the page may ask of where it runs. Three hosts: the window, a browser, and a fake. */
import type { ApiError, Calls, ErrorCode, FilePath, Job, Numbered } from '../generated/api';
import type { Catalogue } from '../words/en';

export interface Host {
  /** Runs a call. Rejects with a `Refused`. */
  call<N extends keyof Calls>(name: N, args: Calls[N]['args']): Promise<Calls[N]['reply']>;

  /** Listens to events until the returned function is called. */
  events(listener: EventListener): () => void;

  /** Listens to files dropped on the page until the returned function is called. */
  drops(listener: DropListener): () => void;

  /** Lets the user choose files; none if they change their mind. */
  choose(): Promise<Picked[]>;

  /** Makes a file readable for the node: at once in the window, by upload in a browser. */
  hand(file: Picked, progress: (share: number) => void, signal: AbortSignal): Promise<FilePath>;

  /** Where the output of a completed job can be downloaded from; `null` where it is on this computer's disk. */
  download(job: Job): string | null;

  /** Opens a completed job's output with whatever plays videos here; `null` where the file is not on this screen's computer. */
  readonly open: ((job: Job) => Promise<void>) | null;

  /** Shows it in its folder, highlighted. */
  readonly show: ((job: Job) => Promise<void>) | null;

  /** Lets the user choose a folder; `null` if they change their mind. There is none where paths mean nothing. */
  readonly folder: (() => Promise<FilePath | null>) | null;

  /** Opens the page with its password; `null` where none opens it. To be asked once a call was refused as signed out. */
  signIn(): Promise<((password: string) => Promise<void>) | null>;

  /** Whether the page is open to the whole network. */
  exposed(): Promise<boolean>;

  /** Whether Manyhands starts when its user logs in; `null` where that is not for a page to say. */
  readonly login: Login | null;

  /** Lets the user keep a text or a picture as a file; false if they change their mind. */
  keep(name: string, what: string | Blob): Promise<boolean>;

  /** Lets the user choose a small text file, and gives what is in it; `null` if they change their mind. */
  take(): Promise<string | null>;

  /** The text of a small file that was dropped or chosen. Rejects what is too large, or cannot be read as a text. */
  text(file: Picked): Promise<string>;

  /** Tells the shell round the page the words of the language that is chosen; `null` where there is none. */
  readonly speak: ((words: Catalogue['shell']) => void) | null;

  /** Whether taking this job off the list deletes its source and its output: they were uploaded for it. */
  ownsFiles(job: Job): boolean;
}

export interface Login {
  starts(): Promise<boolean>;
  start(on: boolean): Promise<void>;
}

export interface EventListener {
  /** The stream is open: whoever listens should ask for a snapshot. */
  open(): void;
  event(numbered: Numbered): void;
  /** The stream broke; the host tries again by itself. */
  lost(): void;
}

export interface DropListener {
  /** Files are being held over the page, or not any more. */
  over(held: boolean): void;
  drop(files: Picked[]): void;
}

/** A file the user pointed at: a path in the window, bytes in a browser. */
export type Picked = { name: string; path: FilePath } | { name: string; file: File };

/** A call that was refused, or that never arrived. */
export class Refused extends Error {
  readonly code: ErrorCode | 'signed_out' | 'not_reached';
  readonly help: string;

  constructor(code: Refused['code'], message: string, help = '') {
    super(message);
    this.code = code;
    this.help = help;
  }

  static from(error: ApiError): Refused {
    return new Refused(error.code, error.message, error.help);
  }
}

/** Anything thrown, as something that can be shown. */
export function asRefused(thrown: unknown): Refused {
  if (thrown instanceof Refused) return thrown;
  return new Refused('other', thrown instanceof Error ? thrown.message : String(thrown));
}

/** Does `deed`; why it was refused, if it was. */
export async function refusal(deed: () => Promise<unknown>): Promise<Refused | null> {
  try {
    await deed();
    return null;
  } catch (thrown) {
    return asRefused(thrown);
  }
}

/** Whether a value is an error as the node writes it. */
export function isApiError(value: unknown): value is ApiError {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}

/** A path as text to show. */
export function shown(path: FilePath): string {
  if (typeof path === 'string') return path;
  const bytes = Uint8Array.from(path.hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return new TextDecoder().decode(bytes);
}
