import type { RouteSettings } from '@postel/directory';
import type { RouteSecrets } from '@postel/routes';
import { opened, type SealingPlace, sealed } from './read-given.ts';

export interface SecretChange {
  readonly set: RouteSecrets;
  readonly cleared: ReadonlySet<keyof RouteSecrets>;
}

/** Changes settings of a route, and some of its secrets; the others stay. @throws {CommandError} */
export async function changeRoute(
  place: SealingPlace,
  name: string,
  change: Partial<RouteSettings>,
  { set, cleared }: SecretChange,
): Promise<void> {
  const { routes } = place.directory;
  const found = await routes.read(name);
  const isSecret = Object.keys(set).length > 0 || cleared.size > 0;
  if (!isSecret) return await routes.change(name, change);
  // Where all of them are new, nobody needs those that there are, nor the key to them.
  const kept = found.secrets.filter((secret) => !(secret in set) && !cleared.has(secret));
  const before = kept.length === 0 ? {} : await opened(place, name);
  const secrets = { ...Object.fromEntries(kept.map((secret) => [secret, before[secret]])), ...set };
  const { certificate } = { ...found, ...change };
  await routes.change(name, change, await sealed(place, name, secrets, certificate));
}
