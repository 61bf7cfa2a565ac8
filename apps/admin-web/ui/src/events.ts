/** What pages are told from below them. */
export type PageEvent = 'away' | 'connected' | 'signed-out' | 'language';

const listeners = new Set<(event: PageEvent) => void>();

export function announce(event: PageEvent): void {
  for (const listener of listeners) listener(event);
}

/** @returns ends it */
export function listen(listener: (event: PageEvent) => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
