import { type DeclaredState, DirectoryError, openDirectory, type StateDifference } from '@postel/directory';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { operator } from '../operator.ts';
import { useDatabase } from '../use-database.ts';
import type { NamedServer } from '../which-server.ts';
import { sayDifferences, takesAway } from './say-differences.ts';

interface ApplyOptions {
  readonly isRehearsal: boolean;
  /** Nobody needs to be asked. */
  readonly isAgreed: boolean;
}

/** Says what is to be changed, asks if something is to go, and does it. @throws {CommandError} */
export function applyDeclaration(
  invocation: Invocation,
  server: NamedServer,
  declared: DeclaredState,
  { isRehearsal, isAgreed }: ApplyOptions,
): Promise<{ readonly differences: readonly StateDifference[]; readonly isApplied: boolean }> {
  return useDatabase(invocation, server, async ({ database, signal }) => {
    const directory = openDirectory(database);
    try {
      const differences = await directory.compare(declared);
      sayDifferences(invocation.terminal, differences, false);
      if (isRehearsal || differences.length === 0) return { differences, isApplied: false };
      const going = differences.filter(takesAway).length;
      const isWanted =
        going === 0 || isAgreed || (await confirm(`${going} of these take something away. Go on?`, signal));
      if (!isWanted) return { differences, isApplied: false };
      return { differences: await directory.as(operator()).apply(declared), isApplied: true };
    } catch (error) {
      if (error instanceof DirectoryError)
        throw new CommandError(`${error.message}. Nothing was changed.`, { cause: error });
      throw error;
    } finally {
      await directory.close();
    }
  });
}
