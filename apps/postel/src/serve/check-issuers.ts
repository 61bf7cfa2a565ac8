import type { OAuthIssuer } from '@postel/config';
import { checkIssuer } from '@postel/oauth';
import { CommandError } from '../command-error.ts';

/**
 * Tries the issuers whose access tokens are to log people in.
 * @throws {CommandError} if the keys of one cannot be had
 */
export async function checkIssuers(issuers: readonly OAuthIssuer[]): Promise<void> {
  await Promise.all(
    issuers.map(async ({ issuer }) => {
      try {
        await checkIssuer(issuer);
      } catch (error) {
        const reason = error instanceof Error ? error.message : error;
        throw new CommandError(`The tokens of ${issuer} cannot be checked: ${reason}.`, { cause: error });
      }
    }),
  );
}
