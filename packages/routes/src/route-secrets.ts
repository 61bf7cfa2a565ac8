import { createPrivateKey, X509Certificate } from 'node:crypto';
import { DirectoryError, ROUTE_SECRET_NAMES, type RouteSecretName, type SealedSecrets } from '@postel/directory';
import { SECRET_CHARACTERS } from './limits.ts';
import { SealingKey } from './sealing-key.ts';
import { aboutRoute, keyToSeal, type SealedThing } from './sealing-place.ts';

/** What a route logs in with. What it has none of is left out. */
export type RouteSecrets = { readonly [name in RouteSecretName]?: string };

/**
 * Seals the secrets of a route by the key of this host, which is made if nothing has been sealed yet anywhere.
 *
 * @param others what else is sealed: all of it is by one key
 * @param path of the key
 * @returns null if there are none
 * @throws {SealingError} if this host has not the key that the others were sealed by
 * @throws {DirectoryError} 'invalid-secrets'
 */
export async function sealRouteSecrets(
  path: string,
  route: string,
  secrets: RouteSecrets,
  others: readonly SealedThing[],
): Promise<SealedSecrets | null> {
  const entries = ROUTE_SECRET_NAMES.flatMap((name) => {
    const secret = secrets[name];
    return secret === undefined ? [] : [[name, acceptSecret(name, secret)] as const];
  });
  if (entries.length === 0) return null;
  const key = await keyToSeal(path, others);
  const octets = key.seal(JSON.stringify(Object.fromEntries(entries)), aboutRoute(route));
  return { names: entries.map(([name]) => name), octets };
}

/** @throws {SealingError} */
export async function openRouteSecrets(path: string, route: string, sealed: Buffer | null): Promise<RouteSecrets> {
  if (sealed === null) return {};
  const key = await SealingKey.read(path);
  const parsed: unknown = JSON.parse(key.open(sealed, aboutRoute(route)));
  if (typeof parsed !== 'object' || parsed === null) return {};
  const entries = Object.entries(parsed).filter(
    (entry): entry is [RouteSecretName, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

function acceptSecret(name: RouteSecretName, secret: string): string {
  const refuse = (why: string): never => {
    throw new DirectoryError('invalid-secrets', why);
  };
  if (secret === '' || secret.length > SECRET_CHARACTERS)
    refuse(`A secret has from 1 to ${SECRET_CHARACTERS} characters`);
  if (name !== 'clientKey') return secret;
  try {
    createPrivateKey(secret);
  } catch {
    // Its own words may tell of what it read.
    refuse('The client key is no private key in PEM, or has a passphrase, which nobody here could type');
  }
  return secret;
}

/** @throws {DirectoryError} 'invalid-secrets' if they do not belong together */
export function requireSamePair(certificate: string, clientKey: string): void {
  if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(clientKey))) return;
  throw new DirectoryError('invalid-secrets', 'The client key is not that of the certificate');
}
