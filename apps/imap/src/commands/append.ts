import { rangesOf } from '@postel/storage';
import { type AppendSegment, parseAppendSegment, takesMessage } from '../append-data.ts';
import { type Command, ok } from '../command.ts';
import { IncomingMessages } from '../incoming-messages.ts';
import { type GivenName, parseGivenName } from '../mailbox-name.ts';
import { countAdded, findAppendTarget, goneMeansTryCreate } from '../target-mailbox.ts';
import { tellChangedName } from '../tell-name.ts';
import { warnAfterAdding } from '../warn-of-quota.ts';

interface AppendArgs {
  readonly target: GivenName;
  /** Up to the first message literal. */
  readonly first: AppendSegment;
}

/**
 * APPEND: RFC 9051 §6.3.12; several messages, all of them or none: RFC 3502; CATENATE: RFC 4469; literal8: RFC 3516 §4.4;
 * APPENDUID: RFC 4315 §3.
 */
export const append: Command<AppendArgs> = {
  name: 'APPEND',
  state: 'authenticated',
  takesMessage: (args) => takesMessage(args, null),
  parse(args) {
    const target = parseGivenName(args.sp());
    return { target, first: parseAppendSegment(args, null) };
  },

  async run(session, { target, first }) {
    const { store } = session;
    const literal = first.items.find((item) => item.type === 'literal')?.literal;
    const comingOctets = literal === undefined || literal.sync ? null : literal.size;
    const mailbox = await findAppendTarget(session, target.name, comingOctets);
    const { account, roomOctets, rights } = mailbox;
    await using incoming = new IncomingMessages(session, { mailbox: mailbox.into, roomOctets, rights });
    const messages = await incoming.receive(first);
    const [message, ...more] = messages;
    // One shares its transaction with those of others.
    const appending =
      message !== undefined && more.length === 0
        ? store.arrivals.append(account, message).then((appended) => [appended])
        : store.arrivals.appendAll(account, messages);
    const appended = await appending.catch(goneMeansTryCreate);
    await tellChangedName(session, target);
    await warnAfterAdding(session, mailbox, incoming.added);
    countAdded(session, incoming.added);
    await session.syncAfterChange({ ask: 'memory', expunges: true });
    const uids = rangesOf(appended.map(({ uid }) => uid));
    return ok('Appended', { type: 'APPENDUID', uidvalidity: appended[0]?.uidvalidity ?? mailbox.uidvalidity, uids });
  },
};
