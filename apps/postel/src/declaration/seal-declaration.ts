import {
  acceptWebhookSecret,
  type DeclaredRoute,
  type DeclaredState,
  type DeclaredWebhook,
  makeWebhookSecret,
  type StoredWebhookSecret,
} from '@postel/directory';
import type { Declaration } from '@postel/operations';
import {
  openFor,
  openWebhookSecret,
  type RoutePlace,
  type RouteSecrets,
  SealingError,
  sealFor,
  webhookSealer,
} from '@postel/routes';
import { sayingSealingErrors } from '../routes/read-given.ts';

/**
 * With the secrets of routes and webhooks sealed, where they are others than those that there are.
 *
 * @param isRehearsal only for a comparison: nothing is sealed, and no key is made
 * @throws {CommandError} if this host cannot seal
 */
export async function sealDeclaration(
  place: RoutePlace,
  { routeSecrets, webhookSecrets, ...declared }: Declaration,
  isRehearsal: boolean,
): Promise<DeclaredState> {
  return {
    ...declared,
    routes: declared.routes && (await sealRoutes(place, declared.routes, routeSecrets, isRehearsal)),
    webhooks: declared.webhooks && (await sealWebhooks(place, declared.webhooks, webhookSecrets, isRehearsal)),
  };
}

async function sealRoutes(
  place: RoutePlace,
  declared: NonNullable<DeclaredState['routes']>,
  routeSecrets: Declaration['routeSecrets'],
  isRehearsal: boolean,
): Promise<NonNullable<DeclaredState['routes']>> {
  if (routeSecrets.size === 0) return declared;
  const routes = new Map<string, DeclaredRoute>();
  for (const [name, { settings }] of declared) {
    const secrets = routeSecrets.get(name) ?? null;
    const isOther = secrets !== null && !isSame(secrets, await secretsHere(place, name));
    routes.set(name, { settings, secrets: isOther ? await seal(place, name, settings, secrets, isRehearsal) : null });
  }
  return routes;
}

/** One that is new, and of whose secret the file says nothing, gets one that is made here. */
async function sealWebhooks(
  place: RoutePlace,
  declared: NonNullable<DeclaredState['webhooks']>,
  webhookSecrets: Declaration['webhookSecrets'],
  isRehearsal: boolean,
): Promise<NonNullable<DeclaredState['webhooks']>> {
  const here = new Map((await place.directory.webhooks.storedSecrets()).map((stored) => [stored.name, stored]));
  const secrets = new Map<string, string>();
  for (const name of declared.keys()) {
    const stored = here.get(name);
    const secret = webhookSecrets.get(name) ?? null;
    if (secret !== null) acceptWebhookSecret(secret);
    if (stored === undefined) secrets.set(name, secret ?? makeWebhookSecret());
    else if (secret !== null && secret !== (await webhookSecretHere(place, stored))) secrets.set(name, secret);
  }
  if (secrets.size === 0) return declared;
  const sealer = isRehearsal ? null : await sayingSealingErrors(() => webhookSealer(place, null));
  const sealing = (name: string): DeclaredWebhook['seal'] => {
    const secret = secrets.get(name);
    return secret === undefined ? null : (id) => sealer?.(secret, id) ?? Buffer.alloc(0);
  };
  return new Map([...declared].map(([name, webhook]) => [name, { ...webhook, seal: sealing(name) }]));
}

/** One that cannot be opened is as good as another; null. */
async function webhookSecretHere({ secretKeyFile }: RoutePlace, stored: StoredWebhookSecret): Promise<string | null> {
  try {
    return await openWebhookSecret(secretKeyFile, stored);
  } catch (error) {
    if (error instanceof SealingError) return null;
    throw error;
  }
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
