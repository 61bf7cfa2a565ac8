import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { type Sql, type Transaction, textArray } from '@postel/storage';
import type { Actor } from './actor.ts';
import { canonicalDomain } from './domain-name.ts';
import { domainSubject } from './domain-state.ts';
import { DirectoryError } from './errors.ts';
import { acceptDomain, findDomain } from './find-domain.ts';
import { changeDirectory, readDirectory } from './transaction.ts';

/** RFC 8463; RFC 6376 with SHA-256 (RFC 8301 §3.1). Verifiers that know only one take that. */
export const DKIM_ALGORITHMS = ['ed25519', 'rsa'] as const;
export type DkimAlgorithm = (typeof DKIM_ALGORITHMS)[number];

/** A key as all may know it. */
export interface DkimKeySummary {
  /** In A-labels. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /** `made`: it does not sign yet; `active`: it signs; `retired`: it signs no more, and mail that it signed is on its way. */
  readonly state: 'made' | 'active' | 'retired';
  /** In DER. */
  readonly subjectPublicKeyInfo: Buffer;
  readonly createdAt: Date;
  /** When the DNS was first seen to have it. */
  readonly seenAt: Date | null;
  readonly activeSince: Date | null;
  readonly retiredAt: Date | null;
  /** Of a retired key: the DNS is to have it until then. */
  readonly publishedUntil: Date | null;
}

/** A key that signs. */
export interface DomainSigner {
  readonly domain: string;
  readonly selector: string;
  /** PKCS#8 in DER. */
  readonly privateKey: Buffer;
}

/** Who signs what is from some domains. */
export interface DomainSigners {
  readonly keys: readonly DomainSigner[];
  /** Domains with keys that do not sign yet, until the DNS is seen to have them. */
  readonly waiting: readonly string[];
}

/**
 * The DKIM keys of local domains (RFC 6376). What is made must be published before it signs, and what is retired must stay published: a
 * key takes the place of another in steps none of which makes a signature worthless.
 */
export interface DkimKeys {
  /** By domain, algorithm and age. @param domain null: of all @throws 'no-such-domain' */
  list(domain: string | null): Promise<readonly DkimKeySummary[]>;

  /**
   * Makes a key, which does not sign yet.
   *
   * @throws 'no-such-domain'; 'invalid-domain' for `localhost`, of which no mail goes anywhere; 'dkim-key-exists' if one of the algorithm
   * waits already; 'too-many-dkim-keys'
   */
  add(domain: string, algorithm: DkimAlgorithm): Promise<DkimKeySummary>;

  /** Makes one of each algorithm for a domain that has no key at all, and needs them. @returns those of the domain @throws 'no-such-domain' */
  ensure(domain: string): Promise<readonly DkimKeySummary[]>;

  /**
   * The DNS has these keys. One that waits signs from now on if the domain has no other of its algorithm; where it has, an hour after it
   * was first seen, when all name servers of the domain should have it, and then the other one is retired.
   *
   * @returns those that begin to sign @throws 'no-such-domain'
   */
  seen(domain: string, selectors: readonly string[]): Promise<readonly DkimKeySummary[]>;

  /** Lets a key that waits sign, whatever the DNS says. @returns the key @throws 'no-such-domain', 'no-such-dkim-key' */
  activate(domain: string, selector: string): Promise<DkimKeySummary>;

  /** @returns what it was @throws 'no-such-domain', 'no-such-dkim-key' */
  remove(domain: string, selector: string): Promise<DkimKeySummary>;

  /**
   * Who signs what is from these domains: for each, the keys of the nearest domain at or above it that has some. A signature of
   * `example.com` speaks for `mail.example.com` too (RFC 9989 §4.4: relaxed alignment).
   */
  signersOf(domains: readonly string[]): Promise<DomainSigners>;
}

/** A domain needs two, and two more while these are replaced; others are retired. */
const KEYS_A_DOMAIN = 20;

const RSA_BITS = 2_048;

/** Secondary name servers ask for changes at their own pace (RFC 1912 §2.2: 20 minutes to 2 hours). */
const SEEN_MS = 3_600_000;

/** What was signed last waits in queues for 5 days, ours or another's (RFC 5321 §4.5.4.1), and is then looked at by people. */
const PUBLISHED_MS = 14 * 86_400_000;

/** What needs no actor, because it changes nothing. */
export type ReadableDkimKeys = Pick<DkimKeys, 'list' | 'signersOf'>;

export function readableDkimKeys(sql: Sql): ReadableDkimKeys {
  return {
    async list(domain) {
      return await readDirectory(async () => {
        const name = domain === null ? null : acceptDomain(domain);
        if (name !== null) await findDomain(sql.read, name);
        return await selectKeys(sql.read, name);
      });
    },
    signersOf: (domains) => readDirectory(() => findSigners(sql, domains)),
  };
}

export function openDkimKeys(sql: Sql, actor: Actor): DkimKeys {
  return {
    ...readableDkimKeys(sql),
    add: (domain, algorithm) => addKey(sql, actor, domain, algorithm),
    ensure: (domain) => ensureKeys(sql, actor, domain),
    seen: (domain, selectors) => markSeen(sql, actor, domain, selectors),
    activate: (domain, selector) =>
      changeDirectory(sql, actor, async (tx, note) => {
        await note(domainSubject(acceptDomain(domain)));
        const key = await findKey(tx, domain, selector);
        if (key.state === 'made') return await beginSigning(tx, key);
        const why = key.state === 'active' ? 'signs already' : 'was retired, and signs no more';
        throw new DirectoryError('no-such-dkim-key', `The key ${selector} of ${key.domain} ${why}`);
      }),
    remove: (domain, selector) =>
      changeDirectory(sql, actor, async (tx, note) => {
        await note(domainSubject(acceptDomain(domain)));
        const key = await findKey(tx, domain, selector);
        await tx`
          delete from dkim_keys using domains
           where domains.domain_id = dkim_keys.domain_id and name = ${key.domain} and selector = ${key.selector}`;
        return key;
      }),
  };
}

/** `localhost` is this machine, and so is all below it (RFC 6761 §6.3). */
export function needsDkimKeys(domain: string): boolean {
  return domain !== 'localhost' && !domain.endsWith('.localhost');
}

interface KeyPair {
  readonly publicKey: Buffer;
  readonly privateKey: Buffer;
}

const generate = promisify(generateKeyPair);
const IN_DER = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
} as const;

/** In a thread of libuv: RSA takes some 50 ms. */
async function makeKeyPair(algorithm: DkimAlgorithm): Promise<KeyPair> {
  return algorithm === 'rsa'
    ? await generate('rsa', { modulusLength: RSA_BITS, ...IN_DER })
    : await generate('ed25519', IN_DER);
}

async function addKey(sql: Sql, actor: Actor, name: string, algorithm: DkimAlgorithm): Promise<DkimKeySummary> {
  const domain = acceptDomain(name);
  if (!needsDkimKeys(domain)) {
    throw new DirectoryError(
      'invalid-domain',
      `${domain} is this machine alone, whose mail goes nowhere: it needs no key`,
    );
  }
  const pair = await makeKeyPair(algorithm);
  return await changeDirectory(sql, actor, async (tx, note) => {
    await note(domainSubject(domain));
    const { domainId } = await findDomain(tx, domain);
    const keys = await selectKeys(tx, domain);
    const waiting = keys.find((key) => key.state === 'made' && key.algorithm === algorithm);
    if (waiting !== undefined) {
      const { selector } = waiting;
      throw new DirectoryError(
        'dkim-key-exists',
        `The key ${selector} of ${domain} waits to be published: use that one`,
      );
    }
    if (keys.length >= KEYS_A_DOMAIN) {
      throw new DirectoryError(
        'too-many-dkim-keys',
        `A domain has at most ${KEYS_A_DOMAIN} DKIM keys: remove those that were retired`,
      );
    }
    return await insertKey(tx, { domainId, domain, algorithm, pair, keys });
  });
}

async function ensureKeys(sql: Sql, actor: Actor, name: string): Promise<readonly DkimKeySummary[]> {
  const domain = acceptDomain(name);
  const { domainId, keys } = await readDirectory(async () => ({
    ...(await findDomain(sql.read, domain)),
    keys: await selectKeys(sql.read, domain),
  }));
  if (keys.length > 0 || !needsDkimKeys(domain)) return keys;
  const made = await makeKeyPairs();
  return await changeDirectory(sql, actor, async (tx, note) => {
    await note(domainSubject(domain));
    await insertFirstKeys(tx, { domainId, domain, made });
    return await selectKeys(tx, domain);
  });
}

/** Of each algorithm one: for `insertFirstKeys`, outside of its transaction. */
export async function makeKeyPairs(): Promise<ReadonlyMap<DkimAlgorithm, KeyPair>> {
  return new Map(await Promise.all(DKIM_ALGORITHMS.map(async (each) => [each, await makeKeyPair(each)] as const)));
}

/** Unless the domain has some. */
export async function insertFirstKeys(
  tx: Transaction,
  { made, ...where }: Pick<NewKey, 'domainId' | 'domain'> & { readonly made: ReadonlyMap<DkimAlgorithm, KeyPair> },
): Promise<void> {
  const keys = await selectKeys(tx, where.domain);
  if (keys.length > 0) return;
  for (const [algorithm, pair] of made) await insertKey(tx, { ...where, algorithm, pair, keys });
}

interface NewKey {
  readonly domainId: number;
  readonly domain: string;
  readonly algorithm: DkimAlgorithm;
  readonly pair: KeyPair;
  /** What the domain has. */
  readonly keys: readonly DkimKeySummary[];
}

async function insertKey(
  tx: Transaction,
  { domainId, domain, algorithm, pair, keys }: NewKey,
): Promise<DkimKeySummary> {
  const selector = newSelector(algorithm, keys);
  await tx`
    insert into dkim_keys (domain_id, selector, algorithm, public_key, private_key)
    values (${domainId}, ${selector}, ${algorithm}, ${pair.publicKey}, ${pair.privateKey})`;
  return await findKey(tx, domain, selector);
}

/** Named after the day, as nobody's cache has it then: `ed-20261123`, `rsa-20261123-2` (RFC 6376 §3.1). */
function newSelector(algorithm: DkimAlgorithm, keys: readonly DkimKeySummary[]): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const first = `${algorithm === 'rsa' ? 'rsa' : 'ed'}-${day}`;
  const isTaken = (selector: string) => keys.some((key) => key.selector === selector);
  let selector = first;
  for (let i = 2; isTaken(selector); i++) selector = `${first}-${i}`;
  return selector;
}

async function markSeen(
  sql: Sql,
  actor: Actor,
  name: string,
  selectors: readonly string[],
): Promise<readonly DkimKeySummary[]> {
  const domain = acceptDomain(name);
  return await changeDirectory(sql, actor, async (tx, note) => {
    await note(domainSubject(domain));
    const { domainId } = await findDomain(tx, domain);
    await tx`
      update dkim_keys set seen_at = now()
       where domain_id = ${domainId} and seen_at is null and selector = any(${textArray(selectors)}::text[])`;
    const ready = await tx<{ selector: string }[]>`
      select selector from dkim_keys as made
       where domain_id = ${domainId} and active_since is null and retired_at is null
         and selector = any(${textArray(selectors)}::text[])
         and (seen_at <= now() - make_interval(secs => ${SEEN_MS / 1_000})
              or not exists (select from dkim_keys as other
                              where other.domain_id = made.domain_id and other.algorithm = made.algorithm
                                and other.active_since is not null and other.retired_at is null))
       order by selector`;
    const active: DkimKeySummary[] = [];
    for (const { selector } of ready) active.push(await beginSigning(tx, await findKey(tx, domain, selector)));
    return active;
  });
}

/** The one that signed before is retired, and its private part is gone. */
async function beginSigning(tx: Transaction, { domain, selector, algorithm }: DkimKeySummary): Promise<DkimKeySummary> {
  const { domainId } = await findDomain(tx, domain);
  await tx`
    update dkim_keys
       set retired_at = now(), private_key = null, published_until = now() + make_interval(secs => ${PUBLISHED_MS / 1_000})
     where domain_id = ${domainId} and algorithm = ${algorithm} and active_since is not null and retired_at is null`;
  await tx`update dkim_keys set active_since = now() where domain_id = ${domainId} and selector = ${selector}`;
  return await findKey(tx, domain, selector);
}

/** @throws {DirectoryError} 'no-such-domain', 'no-such-dkim-key' */
async function findKey(tx: Transaction, name: string, selector: string): Promise<DkimKeySummary> {
  const domain = acceptDomain(name);
  await findDomain(tx, domain);
  const key = (await selectKeys(tx, domain)).find((each) => each.selector === selector);
  if (key !== undefined) return key;
  throw new DirectoryError(
    'no-such-dkim-key',
    `${domain} has no DKIM key with the selector ${JSON.stringify(selector)}`,
  );
}

async function selectKeys(sql: Sql['read'] | Transaction, domain: string | null): Promise<readonly DkimKeySummary[]> {
  return await sql<DkimKeySummary[]>`
    select name as domain, selector, algorithm,
           case when retired_at is not null then 'retired' when active_since is not null then 'active' else 'made' end as state,
           public_key as "subjectPublicKeyInfo", created_at as "createdAt", seen_at as "seenAt", active_since as "activeSince",
           retired_at as "retiredAt", published_until as "publishedUntil"
      from dkim_keys join domains using (domain_id)
     where name = coalesce(${domain}, name)
     order by name, algorithm, created_at, key_id`;
}

interface SignerRow {
  readonly domain: string;
  readonly selector: string;
  readonly isActive: boolean;
  readonly privateKey: Buffer;
}

async function findSigners(sql: Sql, given: readonly string[]): Promise<DomainSigners> {
  const domains = given.map(canonicalDomain).filter((domain) => domain !== null);
  const above = new Map(domains.map((domain) => [domain, domainsAbove(domain)]));
  const names = [...new Set([...above.values()].flat())];
  if (names.length === 0) return { keys: [], waiting: [] };
  const rows = await sql.read<SignerRow[]>`
    select name as domain, selector, active_since is not null as "isActive", private_key as "privateKey"
      from dkim_keys join domains using (domain_id)
     where name = any(${textArray(names)}::text[]) and retired_at is null
     order by name, algorithm`;
  const has = (name: string, isActive: boolean) => rows.some((row) => row.domain === name && row.isActive === isActive);
  const signing = new Set([...above.values()].flatMap((all) => all.find((name) => has(name, true)) ?? []));
  const waiting = new Set([...above.values()].flatMap((all) => all.find((name) => has(name, false)) ?? []));
  const keys = rows.filter(({ domain, isActive }) => isActive && signing.has(domain));
  return {
    keys: keys.map(({ domain, selector, privateKey }) => ({ domain, selector, privateKey })),
    waiting: [...waiting],
  };
}

/** The nearest first: itself, and what it is below. */
function domainsAbove(domain: string): readonly string[] {
  const labels = domain.split('.');
  return labels.map((_, at) => labels.slice(at).join('.'));
}
