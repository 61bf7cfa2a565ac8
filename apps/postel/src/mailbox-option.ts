import type { CommandLine } from './command.ts';

/** The mailbox that `--mailbox` names, as the store spells it (NFC; INBOX in any case, RFC 9051 §5.1); null if it names none. */
export function mailboxOption(line: CommandLine): string | null {
  const name = line.option('mailbox')?.normalize('NFC') ?? null;
  return name?.toUpperCase() === 'INBOX' ? 'INBOX' : name;
}
