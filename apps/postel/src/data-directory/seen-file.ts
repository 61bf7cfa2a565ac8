import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { SettingReader, SettingsError } from '@postel/config';
import { accountId, type SeenAccount } from '@postel/storage';

/**
 * What was seen of the accounts, kept outside of the database: so that a database which was replaced by an older one while
 * nothing ran is found out.
 */
export class SeenFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Nothing if there is no file, or none that can be read: it is about what was, and must not keep a server from starting. */
  read(): readonly SeenAccount[] {
    try {
      const file = new SettingReader(JSON.parse(readFileSync(this.#path, 'utf8')));
      return file.at('accounts').list((account) => ({
        id: accountId(account.at('id').integer()),
        modseq: account.at('modseq').integer(),
        uidvalidity: account.at('uidvalidity').integer(),
      }));
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (isMissing || error instanceof SettingsError || error instanceof SyntaxError) return [];
      throw error;
    }
  }

  /** Replaces the file whole. Without a sync: after a power cut an earlier one does too. */
  write(accounts: readonly SeenAccount[]): void {
    const next = `${this.#path}.next`;
    writeFileSync(next, `${JSON.stringify({ accounts })}\n`, { mode: 0o600 });
    renameSync(next, this.#path);
  }
}
