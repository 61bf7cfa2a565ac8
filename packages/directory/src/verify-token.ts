import type { TokenFault, TokenValidator } from '@postel/oauth';
import type { BearerRefusal } from '@postel/sasl';
import { parseAddress } from './address.ts';
import { authorize } from './authorize.ts';
import { DirectoryError } from './errors.ts';
import { findAccountOfAddress } from './find-account.ts';
import type { NamedAccount } from './find-credentials.ts';
import type { AuthenticatedAccount } from './login.ts';
import type { LoginServices } from './login-try.ts';

/** Says what an access token stands for. */
export type TokenChecker = Pick<TokenValidator, 'validate'>;

/** Why an access token was refused, for the operator; the client hears less. */
export interface TokenRefusal {
  readonly fault: TokenFault | 'tokens are not taken' | 'no account has the address' | 'of another account';
  /** What a token has in place of an address, if it is right but for that. */
  readonly address: string | null;
}

type VerifiedToken =
  | { readonly type: 'accepted'; readonly identity: AuthenticatedAccount }
  | ({ readonly type: 'refused'; readonly refusal: BearerRefusal } & TokenRefusal);

const NO_TOKENS = { status: 'invalid_token', scope: null, openidConfiguration: null } as const;

/**
 * The account that has the address in an access token. An account that is disabled is none (RFC 4422 §3.6).
 *
 * @param user the account's name or another of its addresses, or empty
 * @throws {DirectoryError} 'unavailable', also if the issuer is
 */
export async function verifyToken(
  { sql, tokenValidator }: Pick<LoginServices, 'sql' | 'tokenValidator'>,
  token: string,
  user: string,
  mayLogIn: (account: NamedAccount) => boolean,
): Promise<VerifiedToken> {
  if (tokenValidator === null) return refused('tokens are not taken', NO_TOKENS);
  const outcome = await tokenValidator.validate(token);
  switch (outcome.type) {
    case 'refused':
      return refused(outcome.fault, outcome.refusal);
    case 'unavailable':
      throw new DirectoryError('unavailable', outcome.error.message, { cause: outcome.error });
    case 'accepted': {
      const address = parseAddress(outcome.address);
      const account = address === null ? null : await findAccountOfAddress(sql, address);
      if (account === null) return refused('no account has the address', outcome.refusal, outcome.address);
      const { issuer, expiresAt } = outcome;
      const owner = { ...account, credential: { type: 'token', issuer }, expiresAt } as const;
      const identity = user === '' ? owner : await authorize(sql, owner, user);
      if (identity === null || !mayLogIn(identity)) {
        return refused('of another account', outcome.refusal, outcome.address);
      }
      return { type: 'accepted', identity };
    }
    default:
      return outcome satisfies never;
  }
}

function refused(fault: TokenRefusal['fault'], refusal: BearerRefusal, address: string | null = null): VerifiedToken {
  return { type: 'refused', fault, refusal, address };
}
