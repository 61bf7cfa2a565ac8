import type { DateTime, LiteralHeader } from '@postel/imap-wire';
import type { Content, Flags } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { parseFlags } from '../flags.ts';
import { type GivenName, parseGivenName } from '../mailbox-name.ts';
import type { Session } from '../session.ts';
import { findTarget, goneMeansTryCreate } from '../target-mailbox.ts';
import { tellChangedName } from '../tell-name.ts';
import { warnAfterAdding } from '../warn-of-quota.ts';

interface AppendArgs {
  readonly target: GivenName;
  readonly flags: Flags;
  readonly date: DateTime | null;
  readonly literal: LiteralHeader;
  /** What follows the message. */
  readonly end: '' | ')';
}

/**
 * APPEND: RFC 9051 §6.3.12; APPENDUID: RFC 4315 §3. The message streams to storage; its size is checked before its octets.
 *
 * UTF8: RFC 6855 §4. It says nothing of the message that its octets do not say. The same section would have 8-bit octets in a
 * header refused from clients that did not enable UTF8=ACCEPT; they are taken, for such a client copies old mail from
 * somewhere, which has always had them, and what is refused would be missing.
 */
export const append: Command<AppendArgs> = {
  name: 'APPEND',
  state: 'authenticated',

  takesMessage(args) {
    // Any but the mailbox name, so that what is malformed is refused before the octets come.
    return !(args.skip(' ') && args.peekMessageLiteral());
  },

  parse(args) {
    const target = parseGivenName(args.sp());
    const flags = args.sp().peek('(') ? args.flagList() : null;
    if (flags !== null) args.sp();
    const date = args.peek('"') ? args.dateTime() : null;
    if (date !== null) args.sp();
    const isUtf8 = args.skip('UTF8 (');
    const literal = args.messageLiteral();
    if (isUtf8 && !literal.binary) throw new Bad('UTF8 takes a literal8');
    if (literal.binary && !isUtf8) throw new Bad('A message of literal8 comes with BINARY'); // RFC 3516 §4.4
    return { target, flags: parseFlags(flags ?? []), date, literal, end: isUtf8 ? ')' : '' };
  },

  async run(session, { target, flags, date, literal, end }) {
    const { store } = session;
    const { messageOctets } = session.services;
    if (literal.size > messageOctets) throw new No(`A message may have ${messageOctets} octets`, 'TOOBIG');
    if (literal.size === 0) throw new No('A message has at least one octet', 'CANNOT');
    const mailbox = await findTarget(session, target.name);
    const { account, id, roomOctets } = mailbox;
    if (roomOctets !== null && literal.size > roomOctets) throw new No('The account is over its quota', 'OVERQUOTA');
    await store.requireDiskRoom(literal.size); // before the client is told to send it
    await using content = await receive(session, literal, end);
    const message = { content, flags, internalDate: date?.epochMs ?? Date.now(), arrival: null };
    const { uid, uidvalidity } = await store.append(account, { mailbox: id, ...message }).catch(goneMeansTryCreate);
    await tellChangedName(session, target);
    await warnAfterAdding(session, mailbox, { octets: literal.size, messages: 1 });
    await session.syncAfterChange({ ask: 'memory', expunges: true });
    return ok('Appended', { type: 'APPENDUID', uidvalidity, uid });
  },
};

async function receive(session: Session, literal: LiteralHeader, end: string): Promise<Content> {
  const writer = session.store.receive(session.services.messageOctets);
  try {
    for await (const octets of session.transport.receiveMessage(literal)) {
      // RFC 9051 §4.3: NUL only in literal8, which comes with BINARY.
      if (octets.includes(0)) throw new Bad('NUL in the message');
      await writer.write(octets);
    }
    await session.transport.endOfCommand(end);
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
