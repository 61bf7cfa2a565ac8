import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, ok } from '../command.ts';
import { addSuperiors } from '../known-names.ts';
import { OUTPUT_HIGH_WATER_OCTETS } from '../limits.ts';
import { ListPatterns } from '../list-patterns.ts';
import { parseMailboxName } from '../mailbox-name.ts';

interface LsubArgs {
  readonly reference: string;
  readonly pattern: string;
}

/**
 * LSUB: RFC 3501 §6.3.9. A name above one that is subscribed and does not match, itself not subscribed, is told with
 * `\Noselect` if the pattern ends in `%`; that attribute says nothing else here, not that the mailbox is gone.
 */
export const lsub: Command<LsubArgs> = {
  name: 'LSUB',
  state: 'authenticated',
  parse(args) {
    const reference = parseMailboxName(args.sp());
    return { reference, pattern: args.sp().listMailbox() };
  },
  async run(session, { reference, pattern }) {
    const { out, transport } = session;
    if (pattern === '') {
      out.text(`* LSUB (\\Noselect) "${HIERARCHY_DELIMITER}" ""\r\n`);
      return ok('Listed');
    }
    const wanted = new ListPatterns(session, reference, [pattern]);
    const subscribed = new Set(await session.store.mailboxes.listSubscriptions(session.account.accountId));
    const told: string[] = [];
    const above = new Set<string>();
    for (const name of subscribed) {
      if (await wanted.matches(name)) told.push(name);
      else if (wanted.endsInPercent) addSuperiors(name, above);
    }
    for (const name of above) if (!subscribed.has(name) && (await wanted.matches(name))) told.push(name);
    for (const name of told.sort()) {
      const attributes = subscribed.has(name) ? [] : ['\\Noselect'];
      out.text('* LSUB ').flagList(attributes).text(` "${HIERARCHY_DELIMITER}" `);
      session.writeMailboxName(name).crlf();
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
    return ok('Listed');
  },
};
