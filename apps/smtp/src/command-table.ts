import type { Command } from './command.ts';
import { auth } from './commands/auth.ts';
import { data } from './commands/data.ts';
import { ehlo } from './commands/ehlo.ts';
import { expn } from './commands/expn.ts';
import { helo } from './commands/helo.ts';
import { help } from './commands/help.ts';
import { mail } from './commands/mail.ts';
import { noop } from './commands/noop.ts';
import { quit } from './commands/quit.ts';
import { rcpt } from './commands/rcpt.ts';
import { rset } from './commands/rset.ts';
import { starttls } from './commands/starttls.ts';
import { vrfy } from './commands/vrfy.ts';

const COMMANDS: readonly Command<unknown>[] = [
  auth,
  data,
  ehlo,
  expn,
  helo,
  help,
  mail,
  noop,
  quit,
  rcpt,
  rset,
  starttls,
  vrfy,
];

const byName: ReadonlyMap<string, Command<unknown>> = new Map(COMMANDS.map((command) => [command.name, command]));

/** The command of that name, in whatever case (RFC 5321 §2.4). */
export function findCommand(name: string): Command<unknown> | null {
  return byName.get(name.toUpperCase()) ?? null;
}
