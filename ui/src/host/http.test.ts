import { afterEach, describe, expect, it, vi } from 'vitest';
import { browserHost } from './http';

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

/** A node whose disk has so much room, and a browser that sends to it. */
function stage(room: { bytes: number; broken?: boolean }) {
  const kept = new Map<string, number>();
  const asked: string[] = [];
  vi.stubGlobal('location', { hash: '', pathname: '/' });
  vi.stubGlobal('fetch', async (path: string, request: RequestInit = {}) => {
    asked.push(`${request.method ?? 'GET'} ${path.replace(/[0-9a-f]{32}/, 'KEY')}`);
    const key = path.split('/').pop() ?? '';
    if (path === '/api/page') return json(200, { uploads: '/up', upload_limit_bytes: 1e12, open: false });
    if (request.method === 'DELETE') kept.delete(key);
    return json(200, { bytes: kept.get(key) ?? 0 });
  });
  class Request {
    upload = { onprogress: null };
    headers: Record<string, string> = {};
    status = 0;
    responseText = '';
    onload: () => void = () => undefined;
    onerror: () => void = () => undefined;
    onabort: () => void = () => undefined;
    open() {}
    abort() {
      this.onabort();
    }
    setRequestHeader(name: string, value: string) {
      this.headers[name] = value;
    }
    send(part: Blob) {
      const key = this.headers['x-upload'] ?? '';
      const there = kept.get(key) ?? 0;
      asked.push(`PUT from ${this.headers['x-upload-from']}`);
      if (room.broken) return queueMicrotask(() => this.onerror());
      kept.set(key, there + Math.min(part.size, room.bytes));
      const fits = part.size <= room.bytes;
      this.status = fits ? 200 : 507;
      this.responseText = JSON.stringify(fits ? { path: '/up/film.mkv' } : { code: 'no_space', message: 'The disk became full.', help: '' });
      queueMicrotask(() => this.onload());
    }
  }
  vi.stubGlobal('XMLHttpRequest', Request);
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

describe('an upload for which there is no room', () => {
  it('loses nothing, and the same file goes on where it was', async () => {
    const room = { bytes: 6 };
    const asked = stage(room);
    const host = browserHost();
    const file = { name: 'film.mkv', file: new File(['0123456789'], 'film.mkv', { lastModified: 1 }) };
    const hand = () => host.hand(file, () => undefined, new AbortController().signal);
    await expect(hand()).rejects.toMatchObject({ code: 'no_space' });
    expect(asked.some((one) => one.startsWith('DELETE'))).toBe(false);
    room.bytes = 100;
    await expect(hand()).resolves.toBe('/up/film.mkv');
    expect(asked.filter((one) => one.startsWith('PUT'))).toEqual(['PUT from 0', 'PUT from 6']);
  });
});

describe('an upload that nobody wants any more', () => {
  const file = { name: 'film.mkv', file: new File(['0123456789'], 'film.mkv', { lastModified: 2 }) };
  const puts = (asked: string[]) => asked.filter((one) => one.startsWith('PUT')).length;

  it('is not begun', async () => {
    const asked = stage({ bytes: 100 });
    await expect(browserHost().hand(file, () => undefined, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    expect(puts(asked)).toBe(0);
    expect(asked.at(-1)).toBe('DELETE /api/upload/KEY');
  });

  it('is not tried again after it broke, and what came of it is removed', async () => {
    const asked = stage({ bytes: 100, broken: true });
    const stopped = new AbortController();
    const handed = browserHost().hand(file, () => undefined, stopped.signal);
    const over = expect(handed).rejects.toMatchObject({ code: 'cancelled' });
    while (puts(asked) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    stopped.abort();
    await over;
    expect(puts(asked)).toBe(1);
    expect(asked.at(-1)).toBe('DELETE /api/upload/KEY');
  });
});
