/** Finds out where the page runs and starts it there. */
import { mount } from 'svelte';
import App from './App.svelte';
import type { Host } from './host/types';
import { recall } from './state/look';
import './style.css';

async function findHost(): Promise<Host> {
  if (import.meta.env.MODE === 'fake') return (await import('./host/fake')).fakeHost(location.search);
  if ('__TAURI_INTERNALS__' in window) return (await import('./host/tauri')).windowHost();
  return (await import('./host/http')).browserHost();
}

const target = document.getElementById('app');
if (!target) throw new Error('the page has no place for the app');
recall();
void findHost().then((host) => mount(App, { target, props: { host } }));
