import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const DIRECTORY = fileURLToPath(new URL('../migrations', import.meta.url));
const STATEMENT_END = '--> statement-breakpoint';

/** One step of the schema. They run in the order of the journal, forward only. */
export interface MigrationFile {
  /** As the file is called, without `.sql`: `0004_search_text`. */
  readonly name: string;
  /** When it was made, epoch ms: by which a database remembers it. */
  readonly madeAt: number;
}

/** What a migration holds, read when it is needed. */
export interface MigrationText {
  /** What it does and what it takes: the comment that the file begins with. */
  readonly about: string;
  readonly hash: string;
  readonly statements: readonly string[];
}

/** Every migration that this Postel knows, in their order. */
export async function listMigrations(): Promise<readonly MigrationFile[]> {
  const journal: unknown = JSON.parse(await readFile(`${DIRECTORY}/meta/_journal.json`, 'utf8'));
  const { entries } = journal as { entries: readonly { tag: string; when: number }[] };
  return entries.map(({ tag, when }) => ({ name: tag, madeAt: when }));
}

export async function readMigration({ name }: MigrationFile): Promise<MigrationText> {
  const text = await readFile(`${DIRECTORY}/${name}.sql`, 'utf8');
  return {
    about: ABOUT_FIRST[name] ?? openingComment(text) ?? name.slice(name.indexOf('_') + 1).replaceAll('_', ' '),
    hash: createHash('sha256').update(text).digest('hex'),
    statements: text.split(STATEMENT_END),
  };
}

/** Of the first migrations, whose files are released, and begin with comments on something else. */
const ABOUT_FIRST: Readonly<Record<string, string>> = {
  '0000_schema': 'Makes the tables.',
  '0001_mail_functions': 'Adds the functions that write mail.',
  '0002_copy_messages': 'Adds the function that copies and moves messages.',
  '0003_mailbox_names': 'Brings names of mailboxes to Unicode form NFC, and adds the functions that check names.',
  '0004_search_text': 'Adds what searches look in. Builds two indexes, which reads contents and deliveries once.',
};

function openingComment(text: string): string | null {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('-- ')) break;
    lines.push(line.slice(3).trim());
  }
  return lines.length === 0 ? null : lines.join(' ');
}
