import type { SmtpListenerKind } from '@postel/config';
import type { Command } from './command.ts';
import { auth } from './commands/auth.ts';
import { bdat } from './commands/bdat.ts';
import { data } from './commands/data.ts';
import { ehlo } from './commands/ehlo.ts';
import { expn } from './commands/expn.ts';
import { helo } from './commands/helo.ts';
import { help } from './commands/help.ts';
import { lhlo } from './commands/lhlo.ts';
import { mail } from './commands/mail.ts';
import { noop } from './commands/noop.ts';
import { quit } from './commands/quit.ts';
import { rcpt } from './commands/rcpt.ts';
import { rset } from './commands/rset.ts';
import { starttls } from './commands/starttls.ts';
import { vrfy } from './commands/vrfy.ts';

const COMMANDS: readonly Command<unknown>[] = [
  auth,
  bdat,
  data,
  ehlo,
  expn,
  helo,
  help,
  lhlo,
  mail,
  noop,
  quit,
  rcpt,
  rset,
  starttls,
  vrfy,
];

const byName: ReadonlyMap<string, Command<unknown>> = new Map(COMMANDS.map((command) => [command.name, command]));

/** The command of that name, in whatever case (RFC 5321 §2.4), if a listener of that kind knows it. */
export function findCommand(name: string, kind: SmtpListenerKind): Command<unknown> | null {
  const command = byName.get(name.toUpperCase());
  if (command === undefined) return null;
  return command.listeners?.includes(kind) === false ? null : command;
}
