import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  DirectoryError,
  ROUTE_SECRET_NAMES,
  type RouteSecretName,
  type SealedSecrets,
  type StoredSecrets,
} from '@postel/directory';
import { SECRET_CHARACTERS } from './limits.ts';
import { SealingError, SealingKey } from './sealing-key.ts';

/** What a route logs in with. What it has none of is left out. */
export type RouteSecrets = { readonly [name in RouteSecretName]?: string };

/**
 * Seals the secrets of a route by the key of this host, which is made if nothing has been sealed yet anywhere.
 *
 * @param others what other routes have: all of them have one key
 * @param path of the key
 * @returns null if there are none
 * @throws {SealingError} if this host has not the key that the others were sealed by
 * @throws {DirectoryError} 'invalid-secrets'
 */
export async function sealRouteSecrets(
  path: string,
  route: string,
  secrets: RouteSecrets,
  others: readonly StoredSecrets[],
): Promise<SealedSecrets | null> {
  const entries = ROUTE_SECRET_NAMES.flatMap((name) => {
    const secret = secrets[name];
    return secret === undefined ? [] : [[name, acceptSecret(name, secret)] as const];
  });
  if (entries.length === 0) return null;
  const key = others.length === 0 ? await SealingKey.ensure(path) : await SealingKey.read(path);
  const strange = others.find(({ octets }) => !key.hasSealed(octets));
  if (strange !== undefined) {
    const what = `The key of secrets here, ${path}, is not the one by which those of the route ${strange.route} were sealed`;
    throw new SealingError('other-key', `${what}. Copy that one here first: all hosts have the same`);
  }
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

const aboutRoute = (route: string) => `the route ${route}`;

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
