import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const VERSION = 1;
const KEY_OCTETS = 32;
const KEY_ID_OCTETS = 8;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
const HEAD_OCTETS = 1 + KEY_ID_OCTETS + NONCE_OCTETS;
const HEAD_LINE = 'postel-key-1';

/**
 * - `no-key`: the file is not there, nor can be read.
 * - `other-key`: the secret was sealed by another key.
 * - `damaged`: it is not what was sealed, or for something else.
 */
export type SealingErrorKind = 'no-key' | 'other-key' | 'damaged';

/** The text says to a person what to do, and holds no secret. */
export class SealingError extends Error {
  override readonly name = 'SealingError';
  readonly kind: SealingErrorKind;

  constructor(kind: SealingErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * Seals secrets that lie in the database by a key that does not: AES-256-GCM, with what they are for as associated data. A version octet,
 * which key it was (8 octets of its SHA-256), a nonce, the octets, a tag.
 */
export class SealingKey {
  readonly path: string;
  readonly #key: Buffer;
  readonly #id: Buffer;

  private constructor(path: string, key: Buffer) {
    this.path = path;
    this.#key = key;
    this.#id = createHash('sha256').update('postel sealing key').update(key).digest().subarray(0, KEY_ID_OCTETS);
  }

  static async isThere(path: string): Promise<boolean> {
    try {
      await stat(path);
      return true;
    } catch {
      return false;
    }
  }

  /** @throws {SealingError} 'no-key' */
  static async read(path: string): Promise<SealingKey> {
    const bring = `Copy the file of that name from the data directory of a host that has it (mode 0600)`;
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (cause) {
      const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      const why = isMissing ? 'is not there' : `cannot be read (${cause instanceof Error ? cause.message : cause})`;
      throw new SealingError('no-key', `The key of secrets, ${path}, ${why}. ${bring}`, { cause });
    }
    const [head, base64 = ''] = text.trim().split(' ');
    const key = Buffer.from(base64, 'base64');
    if (head !== HEAD_LINE || key.length !== KEY_OCTETS) {
      throw new SealingError('no-key', `${path} holds no key of secrets. ${bring}`);
    }
    return new SealingKey(path, key);
  }

  /** The one that there is, or a new one. @throws {SealingError} 'no-key' if it can be neither read nor written */
  static async ensure(path: string): Promise<SealingKey> {
    const key = `${HEAD_LINE} ${randomBytes(KEY_OCTETS).toString('base64')}\n`;
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(key);
        // Who administers may be root, while the server is somebody else, whose directory it is.
        const { uid, gid } = await stat(dirname(path));
        if (process.getuid?.() === 0) await file.chown(uid, gid);
        await file.sync();
      } finally {
        await file.close();
      }
      // Whole, or not at all; and never in the place of one that there is.
      await link(draft, path).finally(() => unlink(draft));
      // What it seals is worth nothing if a crash takes the name of the file.
      const directory = await open(dirname(path), 'r');
      await directory.sync().finally(() => directory.close());
    } catch (cause) {
      const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
      if (!isThere) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new SealingError('no-key', `The key of secrets, ${path}, cannot be written: ${why}`, { cause });
      }
    }
    return await SealingKey.read(path);
  }

  /** @param about what it is for: it opens for nothing else */
  seal(secret: string, about: string): Buffer {
    const nonce = randomBytes(NONCE_OCTETS);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(associated(about));
    const octets = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.from([VERSION]), this.#id, nonce, octets, cipher.getAuthTag()]);
  }

  /** Whether it was sealed by this key. */
  hasSealed(sealed: Buffer): boolean {
    return sealed[0] === VERSION && sealed.subarray(1, 1 + KEY_ID_OCTETS).equals(this.#id);
  }

  /** @throws {SealingError} 'other-key', 'damaged' */
  open(sealed: Buffer, about: string): string {
    if (sealed.length < HEAD_OCTETS + TAG_OCTETS || sealed[0] !== VERSION) {
      throw new SealingError('damaged', `The secrets of ${about} are not in the form in which they are sealed`);
    }
    if (!this.hasSealed(sealed)) {
      throw new SealingError(
        'other-key',
        `The secrets of ${about} were sealed by another key than ${this.path}. Copy the one of the host that sealed them, or give them anew`,
      );
    }
    const nonce = sealed.subarray(1 + KEY_ID_OCTETS, HEAD_OCTETS);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce)
      .setAAD(associated(about))
      .setAuthTag(sealed.subarray(-TAG_OCTETS));
    try {
      const octets = sealed.subarray(HEAD_OCTETS, -TAG_OCTETS);
      return Buffer.concat([decipher.update(octets), decipher.final()]).toString();
    } catch (cause) {
      throw new SealingError('damaged', `The secrets of ${about} are damaged, or another's: give them anew`, { cause });
    }
  }
}

function associated(about: string): Buffer {
  return Buffer.from(`${VERSION} ${about}`);
}
