import { setTimeout as delay } from 'node:timers/promises';

interface Repeated {
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  /** It failed, and is done again after the pause. */
  readonly onError: (error: unknown) => void;
}

/** Does something again and again, with pauses, until it is to stop. */
export async function repeat(work: () => Promise<void>, { pauseMs, signal, onError }: Repeated): Promise<void> {
  while (!signal.aborted) {
    await work().catch(onError);
    await delay(pauseMs, undefined, { signal }).catch(() => {}); // it stops
  }
}
