import { fileURLToPath } from 'node:url';
import type { HousekeepingSettings, ImapSettings, RelaySettings, SmtpSettings, WebSettings } from '@postel/config';
import type { AppPlan } from '@postel/supervision';

/** The plan of an app process that listens where its settings say. */
export function planApp(
  app: 'imap' | 'smtp' | 'admin-web',
  settings: ImapSettings | SmtpSettings | WebSettings,
): AppPlan {
  const addresses = settings.listeners.map(({ host, port }) => ({ host, port }));
  return { entry: entryOf(app), settings, addresses };
}

/** The plan of the process that sends mail to other servers. */
export function planRelay(settings: RelaySettings): AppPlan {
  return { entry: entryOf('relay'), settings };
}

/** The plan of the other process that listens nowhere. */
export function planHousekeeping(settings: HousekeepingSettings): AppPlan {
  return { entry: entryOf('housekeeping'), settings };
}

/** Apps never import one another: this path is all that one knows of the other. */
function entryOf(app: string): string {
  return fileURLToPath(new URL(`../../../${app}/src/main.ts`, import.meta.url));
}
