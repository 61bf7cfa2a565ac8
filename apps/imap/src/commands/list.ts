import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, ok } from '../command.ts';
import { OUTPUT_HIGH_WATER_OCTETS } from '../limits.ts';
import { ListPattern } from '../list-pattern.ts';
import { parseMailboxName } from '../mailbox-name.ts';

interface ListArgs {
  readonly reference: string;
  readonly pattern: string;
}

/** LIST: RFC 3501 §6.3.8, with the attributes of RFC 3348 and RFC 6154. */
export const list: Command<ListArgs> = {
  name: 'LIST',
  state: 'authenticated',
  parse(args) {
    const reference = parseMailboxName(args.sp());
    return { reference, pattern: args.sp().listMailbox() };
  },
  async run(session, { reference, pattern }) {
    const { out, transport } = session;
    if (pattern === '') {
      // The delimiter is asked for, and the root of the reference: RFC 3501 §6.3.8.
      out.text(`* LIST (\\Noselect) "${HIERARCHY_DELIMITER}" ""\r\n`);
      return ok('Listed');
    }
    const mailboxes = await session.store.listMailboxes(session.account.accountId);
    const parents = new Set(mailboxes.flatMap(({ name }) => superiors(name)));
    const wanted = new ListPattern(reference + pattern);
    for (const { name, specialUse } of mailboxes) {
      if (!wanted.matches(name)) continue;
      const attributes = [
        parents.has(name) ? '\\HasChildren' : '\\HasNoChildren',
        ...(specialUse === null ? [] : [specialUse]),
      ];
      out.text('* LIST ').flagList(attributes).text(` "${HIERARCHY_DELIMITER}" `).mailboxName(name, false).crlf();
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
    return ok('Listed');
  },
};

function superiors(name: string): string[] {
  const names: string[] = [];
  for (let at = name.indexOf(HIERARCHY_DELIMITER); at >= 0; at = name.indexOf(HIERARCHY_DELIMITER, at + 1))
    names.push(name.slice(0, at));
  return names;
}
