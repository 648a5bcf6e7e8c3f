/** Where the keyboard's focus goes when what had it comes and goes. */
import { tick } from 'svelte';

/** For `{@attach}`: has the focus as soon as it is there, and gives it back to whoever had it before. */
export function takesFocus(node: HTMLElement): () => void {
  const opener = document.activeElement;
  node.focus();
  return () => void tick().then(() => refocus(opener));
}

/** Focuses this, unless something else has the focus by now. */
export function refocus(to: Element | null | undefined): void {
  const lost = document.activeElement === null || document.activeElement === document.body;
  if (lost && to instanceof HTMLElement && to.isConnected) to.focus();
}
