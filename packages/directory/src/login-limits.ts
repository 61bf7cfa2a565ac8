import { createHmac, randomBytes } from 'node:crypto';
import type { AccountId } from '@postel/storage';
import type { Actor } from './actor.ts';
import { type AddressPrefixes, NetworkList, prefixesOf } from './address-prefix.ts';
import { type CountLimit, DecayingCounts } from './decaying-counts.ts';
import { DirectoryError } from './errors.ts';
import { FailureCounts, type FailureCountsOptions } from './failure-counts.ts';
import type { FailureStore } from './failure-store.ts';
import { acceptNetwork } from './network.ts';

const MINUTE_MS = 60_000;

/**
 * A person mistypes a password three times; a family, or an office behind one address, more often. Who guesses has, after
 * these, 160 tries a day from one address, 480 from a /26 or /48, 1,440 from a /21 or IPv6 /32.
 */
export const PREFIX_LIMITS = {
  host: { limit: 10, intervalMs: 9 * MINUTE_MS },
  site: { limit: 30, intervalMs: 3 * MINUTE_MS },
  region: { limit: 90, intervalMs: MINUTE_MS },
} as const satisfies Record<keyof AddressPrefixes, CountLimit>;
/** Of an account, where it has been used from: on top of the prefix's. */
const FAMILIAR_LIMIT: CountLimit = { limit: 5, intervalMs: 9 * MINUTE_MS };
/** Of a login name, from everywhere. It refuses nothing; who is not known where they are waits longer. */
const NAME_LIMIT: CountLimit = { limit: 20, intervalMs: MINUTE_MS };

/** The answer waits so long when a count is full, and less by the square before: 50 ms, 200 ms, 450 ms ... for a host. */
const FULL_DELAY_MS = 5_000;
/** What fails where too many have failed is answered so long after its beginning, whatever was done: that tells nothing. */
const REFUSAL_MS = 3_000;

const MAX_NAMES = 10_000;
const MAX_WRONG_PASSWORDS = 10_000;
/** The same wrong password from the same host counts once in so long: a program that was left with an old one is no attack. */
const SAME_PASSWORD_MS = 60 * MINUTE_MS;

/** Where an attempt comes from. */
export interface LoginOrigin {
  readonly prefixes: AddressPrefixes;
  readonly isTrusted: boolean;
}

/** A network from which logins are refused. */
export interface LimitedNetwork {
  /** As CIDR. */
  readonly network: string;
  /** How many failures count there at the moment. */
  readonly failures: number;
  /** When the next may be tried. */
  readonly refusedUntil: Date;
}

export interface LoginBlock {
  readonly prefix: string;
  readonly waitMs: number;
}

export interface LoginLimitsOptions extends FailureCountsOptions {
  /** As CIDR: a web mail program's, or a proxy's, behind which all the world may be. */
  readonly trustedNetworks: readonly string[];
}

/** Who may try to log in, and how long the answer takes: docs/security.md, Guessing. No account is ever shut out as such. */
export class LoginLimits {
  readonly #failures: FailureCounts;
  readonly #names: DecayingCounts;
  readonly #trusted: NetworkList;
  readonly #now: () => number;
  readonly #key = randomBytes(32);
  /** When each was counted, by a keyed hash. */
  readonly #wrongPasswords = new Map<string, number>();
  #refusals = 0;

  constructor({ trustedNetworks, ...options }: LoginLimitsOptions) {
    this.#failures = new FailureCounts(options);
    this.#names = new DecayingCounts({ maxEntries: MAX_NAMES, now: options.now });
    this.#trusted = new NetworkList(trustedNetworks);
    this.#now = options.now;
  }

  /** Must be awaited before the limits are asked. */
  refresh(): Promise<void> {
    return this.#failures.refresh();
  }

  flush(): Promise<void> {
    return this.#failures.flush();
  }

  origin(address: string): LoginOrigin {
    return { prefixes: prefixesOf(address), isTrusted: this.#trusted.includes(address) };
  }

  /** The prefix from which too many have failed, and for how long; null if there is none. */
  block({ prefixes, isTrusted }: LoginOrigin): LoginBlock | null {
    if (isTrusted) return null;
    const waits = SIZES.map((size) => ({
      prefix: prefixes[size],
      waitMs: this.#failures.counts.waitMs(prefixes[size], PREFIX_LIMITS[size]),
    }));
    const longest = waits.reduce((a, b) => (b.waitMs > a.waitMs ? b : a));
    return longest.waitMs > 0 ? longest : null;
  }

  /** Whether an account that has been used from there may be tried from there, though too many have failed. */
  mayTryFamiliar(account: AccountId, origin: LoginOrigin): boolean {
    return this.#failures.counts.waitMs(familiarScope(account, origin), FAMILIAR_LIMIT) === 0;
  }

  countFamiliar(account: AccountId, origin: LoginOrigin): void {
    this.#failures.add(familiarScope(account, origin), FAMILIAR_LIMIT.intervalMs);
  }

  /** @param password null if it is not known, only that it was wrong */
  countFailure(origin: LoginOrigin, login: string | null, password: string | null): void {
    if (origin.isTrusted) return;
    if (password !== null && this.#wasCounted(`${origin.prefixes.host}\0${login}\0${password}`)) return;
    if (login !== null) this.#names.add(nameOf(login), NAME_LIMIT.intervalMs);
    for (const size of SIZES) this.#failures.add(origin.prefixes[size], PREFIX_LIMITS[size].intervalMs);
  }

  /** How long the answer to one that failed waits. */
  failureDelayMs(origin: LoginOrigin, login: string | null): number {
    if (origin.isTrusted) return 0;
    const fullness = SIZES.map((size) => this.#failures.counts.fullness(origin.prefixes[size], PREFIX_LIMITS[size]));
    return Math.max(delayMs(Math.max(...fullness)), this.strangerDelayMs(origin, login));
  }

  /** How long the answer waits to anybody who is not known where they are, because many guess that name from everywhere. */
  strangerDelayMs(origin: LoginOrigin, login: string | null): number {
    if (origin.isTrusted || login === null) return 0;
    const fullness = this.#names.fullness(nameOf(login), NAME_LIMIT);
    return fullness < 0.5 ? 0 : delayMs(fullness);
  }

  refusal({ prefix, waitMs }: LoginBlock): DirectoryError {
    this.#refusals++;
    const text = `Too many failed logins from ${prefix}: try again in ${inWords(waitMs)}`;
    return new DirectoryError('too-many-failures', text, { retryAfterMs: waitMs });
  }

  /** @param elapsedMs since the attempt began */
  refusalDelayMs(elapsedMs: number): number {
    return Math.max(0, REFUSAL_MS - elapsedMs);
  }

  /** How many prefixes nobody new may log in from, as far as this process knows. */
  countBlocked(): number {
    let count = 0;
    for (const name of this.#failures.counts.names()) {
      if (isNetwork(name) && this.#failures.counts.waitMs(name, limitOf(name)) > 0) count++;
    }
    return count;
  }

  /** Since the process began. */
  get refusals(): number {
    return this.#refusals;
  }

  #wasCounted(text: string): boolean {
    const key = createHmac('sha256', this.#key).update(text).digest('base64');
    const countedAt = this.#wrongPasswords.get(key);
    if (countedAt !== undefined && this.#now() - countedAt < SAME_PASSWORD_MS) return true;
    this.#wrongPasswords.delete(key);
    this.#wrongPasswords.set(key, this.#now());
    if (this.#wrongPasswords.size > MAX_WRONG_PASSWORDS) {
      const [oldest] = this.#wrongPasswords.keys();
      if (oldest !== undefined) this.#wrongPasswords.delete(oldest);
    }
    return false;
  }
}

/** From where logins are refused, the longest first. @throws {DirectoryError} 'unavailable' */
export async function listLimitedNetworks(store: FailureStore): Promise<readonly LimitedNetwork[]> {
  const counts = (await store.readAll()).filter(({ scope }) => isNetwork(scope));
  const limited = counts.flatMap(({ scope: network, leftMs }) => {
    const { limit, intervalMs } = limitOf(network);
    const waitMs = leftMs - (limit - 1) * intervalMs;
    const failures = Math.ceil(leftMs / intervalMs);
    return waitMs > 0 ? [{ network, failures, refusedUntil: new Date(Date.now() + waitMs) }] : [];
  });
  return limited.toSorted((a, b) => b.refusedUntil.getTime() - a.refusedUntil.getTime());
}

/**
 * Lets whoever is in a network try again: forgets the failures of all networks that hold it or are part of it.
 *
 * @param network null: of all networks
 * @returns the networks whose failures were forgotten
 * @throws {DirectoryError} 'invalid-network', 'unavailable'
 */
export async function clearLoginFailures(
  store: FailureStore,
  actor: Actor,
  network: string | null,
): Promise<readonly string[]> {
  const scopes = await store.clear(actor, network === null ? null : acceptNetwork(network));
  return scopes.filter(isNetwork).toSorted();
}

const SIZES = ['host', 'site', 'region'] as const;

/** No prefix holds a space. */
const isNetwork = (scope: string) => !scope.includes(' ');
const familiarScope = (account: AccountId, { prefixes }: LoginOrigin) => `${account} ${prefixes.host}`;

function limitOf(prefix: string): CountLimit {
  const isIpv6 = prefix.includes(':');
  if (prefix.endsWith(isIpv6 ? '/64' : '/32')) return PREFIX_LIMITS.host;
  return prefix.endsWith(isIpv6 ? '/48' : '/26') ? PREFIX_LIMITS.site : PREFIX_LIMITS.region;
}

const delayMs = (fullness: number) => Math.round(FULL_DELAY_MS * Math.min(1, fullness) ** 2);

/** Long names are no names. */
const nameOf = (login: string) => login.slice(0, 255).toLowerCase();

function inWords(ms: number): string {
  const minutes = Math.ceil(ms / MINUTE_MS);
  if (minutes < 120) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return `${Math.ceil(minutes / 60)} hours`;
}
