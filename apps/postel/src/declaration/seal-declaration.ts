import type { DeclaredRoute, DeclaredState } from '@postel/directory';
import type { Declaration } from '@postel/operations';
import { openFor, type RoutePlace, type RouteSecrets, SealingError, sealFor } from '@postel/routes';
import { sayingSealingErrors } from '../routes/read-given.ts';

/**
 * With the secrets of routes sealed, where they are others than those that there are.
 *
 * @param isRehearsal only for a comparison: nothing is sealed, and no key is made
 * @throws {CommandError} if this host cannot seal
 */
export async function sealDeclaration(
  place: RoutePlace,
  { routeSecrets, ...declared }: Declaration,
  isRehearsal: boolean,
): Promise<DeclaredState> {
  if (declared.routes === null || routeSecrets.size === 0) return declared;
  const routes = new Map<string, DeclaredRoute>();
  for (const [name, { settings }] of declared.routes) {
    const secrets = routeSecrets.get(name) ?? null;
    const isOther = secrets !== null && !isSame(secrets, await secretsHere(place, name));
    routes.set(name, { settings, secrets: isOther ? await seal(place, name, settings, secrets, isRehearsal) : null });
  }
  return { ...declared, routes };
}

async function seal(
  place: RoutePlace,
  name: string,
  settings: DeclaredRoute['settings'],
  secrets: RouteSecrets,
  isRehearsal: boolean,
): Promise<DeclaredRoute['secrets']> {
  if (!isRehearsal) return await sayingSealingErrors(() => sealFor(place, name, secrets, settings));
  return { names: Object.keys(secrets) as (keyof RouteSecrets)[], octets: Buffer.alloc(0) };
}

/** Those that cannot be opened are as good as others. */
async function secretsHere(place: RoutePlace, name: string): Promise<RouteSecrets> {
  try {
    return await openFor(place, name);
  } catch (error) {
    if (error instanceof SealingError) return {};
    throw error;
  }
}

function isSame(one: RouteSecrets, other: RouteSecrets): boolean {
  const text = (secrets: RouteSecrets) => JSON.stringify(Object.entries(secrets).toSorted());
  return text(one) === text(other);
}
