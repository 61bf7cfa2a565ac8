import { type RoutePlace, sealClearSecrets } from '@postel/routes';
import type { Logger } from '@postel/supervision';

/** Seals what an older version stored in the clear. Where that cannot be, it stays, and is good as it is. */
export async function sealOldSecrets(place: RoutePlace, log: Logger): Promise<void> {
  try {
    const count = await sealClearSecrets(place);
    if (count > 0) log.info({ count }, 'secrets of webhooks that stood in the clear are sealed');
  } catch (err) {
    log.warn({ err }, 'secrets of webhooks stand in the clear');
  }
}
