import { acceptWebhookSecret, type SealWebhook, type StoredWebhookSecret } from '@postel/directory';
import type { RoutePlace } from './change-route.ts';
import { otherSecrets } from './other-secrets.ts';
import { SealingKey } from './sealing-key.ts';
import { aboutWebhook, keyToSeal } from './sealing-place.ts';

/**
 * What seals secrets of webhooks by the key of this host, which is made if nothing has been sealed yet anywhere.
 *
 * @param webhook whose secret is to be changed: what it has may be sealed by another key; null: one is to be added
 * @throws {SealingError} if this host has not the key that the others were sealed by
 */
export async function webhookSealer(
  { directory, secretKeyFile }: RoutePlace,
  webhook: number | null,
): Promise<SealWebhook> {
  return sealingBy(await keyToSeal(secretKeyFile, await otherSecrets(directory, { webhook })));
}

/**
 * Seals the secrets of webhooks that were stored in the clear, if this host has a key. None is made for that: other hosts would not have it.
 *
 * @returns how many
 * @throws {SealingError} if this host has another key than the one by which other secrets were sealed
 */
export async function sealClearSecrets({ directory, secretKeyFile }: RoutePlace): Promise<number> {
  const clear = (await directory.webhooks.storedSecrets()).filter((stored) => stored.clear !== null);
  if (clear.length === 0 || !(await SealingKey.isThere(secretKeyFile))) return 0;
  return await directory.webhooks.sealClear(await webhookSealer({ directory, secretKeyFile }, null));
}

/** @throws {SealingError} */
export async function openWebhookSecret(
  secretKeyFile: string,
  { id, clear, sealed }: Omit<StoredWebhookSecret, 'name'>,
): Promise<string> {
  if (clear !== null) return clear;
  if (sealed === null) throw new Error(`The webhook ${id} has no secret`);
  return (await SealingKey.read(secretKeyFile)).open(sealed, aboutWebhook(id));
}

const sealingBy =
  (key: SealingKey): SealWebhook =>
  (secret, id) =>
    key.seal(acceptWebhookSecret(secret), aboutWebhook(id));
