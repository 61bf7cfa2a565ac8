import type { ManagedDirectory } from '@postel/directory';
import { aboutRoute, aboutWebhook, type SealedThing } from './sealing-place.ts';

/** All that is sealed in the directory, but for one thing: that may be sealed by a key that is gone, since it is to be given anew. */
export async function otherSecrets(
  { routes, webhooks }: Pick<ManagedDirectory, 'routes' | 'webhooks'>,
  except: { readonly route?: string; readonly webhook?: number | null },
): Promise<readonly SealedThing[]> {
  const ofRoutes = (await routes.sealedSecrets())
    .filter(({ route }) => route !== except.route)
    .map(({ route, octets }) => ({ of: aboutRoute(route), octets }));
  const ofWebhooks = (await webhooks.storedSecrets()).flatMap(({ id, sealed }) =>
    sealed === null || id === except.webhook ? [] : [{ of: aboutWebhook(id), octets: sealed }],
  );
  return [...ofRoutes, ...ofWebhooks];
}
