import { hostname as systemHostname } from 'node:os';
import { type Directory, parseAddress } from '@postel/directory';
import type { Resolver } from '@postel/dns';
import { openFor, type RoutePlace, SourceAddresses, type TestStep, testRoute } from '@postel/routes';
import { CommandError } from '../command-error.ts';
import type { ReachedServer } from '../use-database.ts';
import { sayingSealingErrors } from './read-given.ts';

interface Wishes {
  readonly to: string | null;
  readonly from: string | null;
  readonly sends: boolean;
}

/** Tries a route from this machine. @returns whether it does @throws {CommandError} */
export async function tryRoute(
  place: RoutePlace & { readonly directory: Directory } & Pick<ReachedServer, 'hostname'> & {
      readonly resolver: Resolver;
    },
  name: string,
  { to, from, sends }: Wishes,
  say: (step: TestStep) => void,
): Promise<boolean> {
  const { directory, resolver } = place;
  for (const address of [to, from]) {
    if (address !== null && address !== '' && parseAddress(address) === null) {
      throw new CommandError(`${JSON.stringify(address)} is not an address.`);
    }
  }
  const found = await directory.routes.book(null);
  const route = found?.book.get(name) ?? null;
  if (route === null) throw new CommandError(`There is no route ${JSON.stringify(name)}.`);
  const hostname = place.hostname ?? systemHostname();
  const secrets = route.secrets === null ? {} : await sayingSealingErrors(() => openFor(place, name));
  const { user } = route.settings;
  const sender = from ?? (user?.includes('@') ? user : `postmaster@${hostname}`);
  const parts = { route, secrets, resolver, sources: new SourceAddresses(hostname) };
  return await testRoute(parts, { to, from: sender, sends }, say);
}
