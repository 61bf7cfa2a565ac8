import { createPublicKey } from 'node:crypto';
import type { MailauthKey, MailauthKeyCache, MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';
import { getPublicKey, toALabel } from 'mailauth/lib/tools.js';
import { KNOWN_KEY_CHARACTERS, KNOWN_KEYS } from './limits.ts';

/**
 * Keys of signatures that were read lately, by their records: to read one takes longer than to verify a signature by it, and a
 * domain signs all its messages by few. The DNS is asked all the same.
 */
export class KnownKeys {
  /** In the order of use. */
  readonly #keys = new Map<string, MailauthKey>();

  /** As the checks of one message ask for keys: for the same one the DNS is asked once. */
  forMessage(resolver: MailauthResolver): MailauthKeyCache {
    const asked = new Map<string, Promise<unknown[]>>();
    const look = (name: string) => {
      const asking = asked.get(name) ?? resolver(name, 'TXT');
      asked.set(name, asking);
      return asking;
    };
    return {
      resolver,
      get: (type, name, minBitLength, options) => {
        const getting = look(toALabel(name)).then((records) => this.#read(records, type, name, minBitLength, options));
        getting.catch(() => {}); // mailauth asks for some before it waits for them
        return getting;
      },
    };
  }

  async #read(records: unknown[], ...asked: Parameters<MailauthKeyCache['get']>): Promise<MailauthKey> {
    const [type, name, minBitLength, options] = asked;
    const record = JSON.stringify([records, minBitLength, options]);
    const key = this.#keys.get(record) ?? (await readKey(records, type, name, minBitLength, options));
    if (record.length > KNOWN_KEY_CHARACTERS) return key;
    this.#keys.delete(record);
    this.#keys.set(record, key);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > KNOWN_KEYS && oldest !== undefined) this.#keys.delete(oldest);
    return key;
  }
}

async function readKey(
  records: unknown[],
  ...[type, name, minBitLength, options]: Parameters<MailauthKeyCache['get']>
): Promise<MailauthKey> {
  const key = await getPublicKey(type, name, minBitLength, async () => records, options);
  return { ...key, publicKey: createPublicKey(key.publicKey) };
}
