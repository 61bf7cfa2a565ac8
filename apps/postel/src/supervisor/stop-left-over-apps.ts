import { setTimeout as wait } from 'node:timers/promises';
import { isRunning, signalProcess } from '../data-directory/process-identity.ts';
import type { RunState } from '../data-directory/run-file.ts';

/** More than an app gives itself to stop, which it does when its supervisor is gone. */
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/** Waits for the app processes of a supervisor that was killed to end: until then they hold the ports. */
export async function stopLeftOverApps(leftOver: RunState | null, report: (line: string) => void): Promise<void> {
  const apps = leftOver?.apps.filter(isRunning) ?? [];
  if (apps.length === 0) return;
  report(`waiting for ${apps.map(({ name, pid }) => `${name} (PID ${pid})`).join(', ')} of an earlier start to end`);
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (apps.some(isRunning) && performance.now() < giveUpAt) await wait(LOOK_AGAIN_MS);
  for (const app of apps) if (isRunning(app)) signalProcess(app.pid, 'SIGKILL');
}
