import type { Access } from './find-mailbox.ts';
import { toldRights } from './rights.ts';
import type { Session } from './session.ts';

/** MYRIGHTS: RFC 4314 §3.8. */
export function writeMyRights(
  session: Session,
  { name, rights }: Pick<Access, 'rights'> & { readonly name: string },
): void {
  session.out.text('* MYRIGHTS ');
  session.writeMailboxName(name).sp().astring(toldRights(rights)).crlf();
}
