import { SealingError, SealingKey } from './sealing-key.ts';

/** Something in the database that is sealed, and what it is. */
export interface SealedThing {
  readonly of: string;
  readonly octets: Buffer;
}

export const aboutRoute = (route: string) => `the route ${route}`;
export const aboutWebhook = (id: number) => `the webhook ${id}`;

/**
 * The key of this host, to seal something by. It is made if nothing has been sealed yet anywhere.
 *
 * @param others what else is sealed: all of it is by one key
 * @throws {SealingError} if this host has not the key that the others were sealed by
 */
export async function keyToSeal(path: string, others: readonly SealedThing[]): Promise<SealingKey> {
  const key = others.length === 0 ? await SealingKey.ensure(path) : await SealingKey.read(path);
  const strange = others.find(({ octets }) => !key.hasSealed(octets));
  if (strange === undefined) return key;
  const what = `The key of secrets here, ${path}, is not the one by which those of ${strange.of} were sealed`;
  throw new SealingError('other-key', `${what}. Copy that one here first: all hosts have the same`);
}
