import type { ManagedDirectory, RouteSettings, SealedSecrets } from '@postel/directory';
import { otherSecrets } from './other-secrets.ts';
import { openRouteSecrets, type RouteSecrets, requireSamePair, sealRouteSecrets } from './route-secrets.ts';

/** Where routes are changed. */
export interface RoutePlace {
  readonly directory: Pick<ManagedDirectory, 'routes' | 'webhooks'>;
  /** Of this host. */
  readonly secretKeyFile: string;
}

export interface SecretChange {
  readonly set: RouteSecrets;
  readonly cleared: ReadonlySet<keyof RouteSecrets>;
}

/** Secrets of a route, to be stored. @throws {SealingError}, {DirectoryError} */
export async function sealFor(
  { directory, secretKeyFile }: RoutePlace,
  name: string,
  secrets: RouteSecrets,
  { certificate }: Pick<RouteSettings, 'certificate'>,
): Promise<SealedSecrets | null> {
  if (certificate !== null && secrets.clientKey !== undefined) requireSamePair(certificate, secrets.clientKey);
  const others = await otherSecrets(directory, { route: name });
  return await sealRouteSecrets(secretKeyFile, name, secrets, others);
}

/** The secrets that a route has. @throws {SealingError} */
export async function openFor({ directory, secretKeyFile }: RoutePlace, name: string): Promise<RouteSecrets> {
  const own = (await directory.routes.sealedSecrets()).find(({ route }) => route === name);
  return await openRouteSecrets(secretKeyFile, name, own?.octets ?? null);
}

/** Changes settings of a route, and some of its secrets; the others stay. @throws {SealingError}, {DirectoryError} */
export async function changeRoute(
  place: RoutePlace,
  name: string,
  change: Partial<RouteSettings>,
  { set, cleared }: SecretChange,
): Promise<void> {
  const { routes } = place.directory;
  const found = await routes.read(name);
  if (Object.keys(set).length === 0 && cleared.size === 0) return await routes.change(name, change);
  // Where all of them are new, nobody needs those that there are, nor the key to them.
  const kept = found.secrets.filter((secret) => set[secret] === undefined && !cleared.has(secret));
  const before = kept.length === 0 ? {} : await openFor(place, name);
  const secrets = { ...Object.fromEntries(kept.map((secret) => [secret, before[secret]])), ...set };
  await routes.change(name, change, await sealFor(place, name, secrets, { ...found, ...change }));
}
