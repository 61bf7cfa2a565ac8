import { fileURLToPath } from 'node:url';
import type { ImapSettings, SmtpSettings } from '@postel/config';
import type { AppPlan } from '@postel/supervision';

/** The plan of an app process that listens where its settings say. */
export function planApp(app: 'imap' | 'smtp', settings: ImapSettings | SmtpSettings): AppPlan {
  const addresses = settings.listeners.map(({ host, port }) => ({ host, port }));
  return { entry: entryOf(app), settings, addresses };
}

/** Apps never import one another: this path is all that one knows of the other. */
function entryOf(app: string): string {
  return fileURLToPath(new URL(`../../../${app}/src/main.ts`, import.meta.url));
}
