import type { SequenceSet } from '@postel/imap-wire';
import { Bad } from './command.ts';
import type { Session } from './session.ts';

/** Commands that take or tell message numbers; each has a form with UID. */
const NUMBERED = new Set(['COPY', 'FETCH', 'MOVE', 'REPLACE', 'SEARCH', 'SORT', 'STORE', 'THREAD']);

/** @throws {Bad} [UIDREQUIRED] for a command by message numbers after ENABLE UIDONLY (RFC 9586) */
export function requireNoNumbers(session: Session, commandName: string): void {
  if (NUMBERED.has(commandName) && session.hasEnabled('UIDONLY')) throw uidRequired();
}

/** As `requireNoNumbers`, for a set of message numbers among search keys, where `$` alone has none, or in QRESYNC. */
export function requireNoNumbersIn(session: Session, set: SequenceSet): void {
  const hasNumbers = set.explicit.length > 0 || set.starFrom !== null;
  if (hasNumbers && session.hasEnabled('UIDONLY')) throw uidRequired();
}

const uidRequired = () => new Bad('Only UIDs after ENABLE UIDONLY', 'UIDREQUIRED');
