import { translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';

/** Accounts that one statement looks at. */
const AT_ONCE = 1_000;

export interface LookedAt {
  readonly id: AccountId;
  readonly isDue: boolean;
}

/**
 * The accounts for which a job has something to do, among all there are, in slices.
 *
 * @param look looks at so many accounts with ids above that one, in their order
 * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
 */
export async function* dueAccounts(
  signal: AbortSignal,
  look: (above: number, limit: number) => Promise<readonly LookedAt[]>,
): AsyncGenerator<AccountId, void> {
  for (let above = 0; ; ) {
    signal.throwIfAborted();
    const rows = await look(above, AT_ONCE).catch((error: unknown) => {
      throw translateDatabaseError(error);
    });
    for (const { id, isDue } of rows) if (isDue) yield id;
    if (rows.length < AT_ONCE) return;
    above = rows.at(-1)?.id ?? above;
  }
}
