import type { DirectoryErrorKind } from '@postel/directory';
import type { StorageErrorKind } from '@postel/storage';

/** An answer that is none of what was asked for. The detail is for a person, and says what to do. */
export class Problem extends Error {
  readonly status: number;
  /** For programs: one word of a fixed set. */
  readonly kind: string;
  readonly retryAfterMs: number | null;

  constructor(status: number, kind: string, detail: string, retryAfterMs: number | null = null) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

export const notSignedIn = () => new Problem(401, 'not-signed-in', 'Sign in first, or again: the session is over.');
/** The same, whether what was asked for is somebody else's or nobody's. */
export const absent = (what: string) => new Problem(404, 'absent', `There is no such ${what}.`);

export const directoryStatus = {
  'account-exists': 409,
  'address-exists': 409,
  'key-exists': 409,
  'dkim-key-exists': 409,
  'app-password-exists': 409,
  'domain-in-use': 409,
  'route-exists': 409,
  'route-in-use': 409,
  'no-such-account': 404,
  'no-such-dkim-key': 404,
  'no-such-mailbox': 404,
  'no-such-domain': 404,
  'no-such-address': 404,
  'no-such-alias': 404,
  'no-such-route': 404,
  'no-such-route-rule': 404,
  'no-such-key': 404,
  'no-such-webhook': 404,
  'no-such-app-password': 404,
  'invalid-name': 422,
  'invalid-address': 422,
  'invalid-domain': 422,
  'invalid-route': 422,
  'too-many-routes': 422,
  'invalid-network': 422,
  'invalid-secrets': 422,
  'invalid-webhook': 422,
  'too-many-webhooks': 422,
  'too-many-keys': 422,
  'too-many-app-passwords': 422,
  'too-many-dkim-keys': 422,
  'too-many-members': 422,
  'too-many-mailboxes': 422,
  'already-expired': 422,
  'weak-password': 422,
  'too-many-failures': 429,
  unavailable: 503,
} as const satisfies Record<DirectoryErrorKind, number>;

export const storageStatus: { readonly [kind in StorageErrorKind]?: number } = {
  nonexistent: 404,
  'over-quota': 422,
  'too-many-names': 422,
  unavailable: 503,
};
