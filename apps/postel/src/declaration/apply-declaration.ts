import { DirectoryError, openDirectory, type StateDifference } from '@postel/directory';
import type { Declaration } from '@postel/operations';
import { tellQueue } from '@postel/queue';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { operator } from '../operator.ts';
import { useDatabase } from '../use-database.ts';
import type { NamedServer } from '../which-server.ts';
import { sayDifferences, takesAway } from './say-differences.ts';
import { sealDeclaration } from './seal-declaration.ts';

interface ApplyOptions {
  readonly isRehearsal: boolean;
  /** Nobody needs to be asked. */
  readonly isAgreed: boolean;
}

/** Says what is to be changed, asks if something is to go, and does it. @throws {CommandError} */
export function applyDeclaration(
  invocation: Invocation,
  server: NamedServer,
  declaration: Declaration,
  { isRehearsal, isAgreed }: ApplyOptions,
): Promise<{ readonly differences: readonly StateDifference[]; readonly isApplied: boolean }> {
  return useDatabase(invocation, server, async ({ database, secretKeyFile, signal }) => {
    const directory = openDirectory(database);
    try {
      const place = { directory: directory.as(operator()), secretKeyFile };
      const differences = await directory.compare(await sealDeclaration(place, declaration, true));
      sayDifferences(invocation.terminal, differences, false);
      if (isRehearsal || differences.length === 0) return { differences, isApplied: false };
      const going = differences.filter(takesAway).length;
      const isWanted =
        going === 0 || isAgreed || (await confirm(`${going} of these take something away. Go on?`, signal));
      if (!isWanted) return { differences, isApplied: false };
      const declared = await sealDeclaration(place, declaration, false);
      // Whoever was asked agreed to what was said, and to nothing that came about since.
      const check = isAgreed ? undefined : (found: readonly StateDifference[]) => requireSame(differences, found);
      const applied = await place.directory.apply(declared, check);
      // What waits may go by another route now.
      if (declared.routes !== null || declared.routing !== null) await tellQueue(database.sql);
      return { differences: applied, isApplied: true };
    } catch (error) {
      if (error instanceof DirectoryError)
        throw new CommandError(`${error.message}. Nothing was changed.`, { cause: error });
      throw error;
    } finally {
      await directory.close();
    }
  });
}

/** @throws {CommandError} */
function requireSame(said: readonly StateDifference[], found: readonly StateDifference[]): void {
  if (JSON.stringify(said) === JSON.stringify(found)) return;
  throw new CommandError('Somebody changed the directory meanwhile: say it again. Nothing was changed.');
}
