import { DIRECT_ROUTE, type Directory, type Route, RouteBook } from '@postel/directory';
import type { LeasedRecipient } from '@postel/queue';
import { openRouteSecrets, type RouteSecrets } from '@postel/routes';

/** Routes and rules as the relay goes by them: read anew when the directory has changed. */
export class Routing {
  readonly #routes: Pick<Directory['routes'], 'book'>;
  readonly #keyFile: string;
  #version: number | null = null;
  #book = new RouteBook([], [], DIRECT_ROUTE);
  /** By the name of the route, which another one may have by now: no two are sealed alike. */
  readonly #secrets = new Map<string, { readonly sealed: Buffer; readonly secrets: RouteSecrets }>();

  /** @param keyFile that opens secrets of routes */
  constructor(routes: Pick<Directory['routes'], 'book'>, keyFile: string) {
    this.#routes = routes;
    this.#keyFile = keyFile;
  }

  /** @returns whether they may be others than before @throws {DirectoryError} 'unavailable' */
  async refresh(): Promise<boolean> {
    const found = await this.#routes.book(this.#version);
    if (found === null) return false;
    this.#version = found.version;
    this.#book = found.book;
    for (const name of this.#secrets.keys()) if (found.book.get(name) === null) this.#secrets.delete(name);
    return true;
  }

  /** The name of the route that a recipient is to go by, and the route; null if there is none of that name. */
  of({ forwardPath, pinnedRoute, message }: LeasedRecipient): { readonly name: string; readonly route: Route | null } {
    const { envelope, account } = message;
    const mail = { reversePath: envelope.reversePath, forwardPath, accountId: account, pinnedRoute };
    const name = this.#book.choose(mail);
    return { name, route: this.#book.get(name) };
  }

  /** @throws {SealingError} */
  async secretsOf({ name, secrets: sealed }: Route): Promise<RouteSecrets> {
    if (sealed === null) return {};
    const known = this.#secrets.get(name);
    if (known?.sealed.equals(sealed)) return known.secrets;
    const secrets = await openRouteSecrets(this.#keyFile, name, sealed);
    this.#secrets.set(name, { sealed, secrets });
    return secrets;
  }
}
