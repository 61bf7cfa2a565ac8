import { expect, test } from 'vitest';
import { compareInTime } from './compare-in-time.ts';
import type { Observed, ObservedMailbox, ObservedMessage } from './observed.ts';

const ONE: ObservedMessage = { uid: 1, modseq: 4, messageId: 'one', flags: '' };
const TWO: ObservedMessage = { uid: 2, modseq: 5, messageId: 'two', flags: '' };
const INBOX: ObservedMailbox = { name: 'INBOX', uidvalidity: 10, uidNext: 3, highestModseq: 5, messages: [ONE, TWO] };

function shows(modseq: number, ...mailboxes: readonly ObservedMailbox[]): Observed {
  const byName = new Map(mailboxes.map((mailbox) => [mailbox.name, mailbox]));
  return new Map([['mary', { modseq, mailboxes: byName, subscriptions: new Set() }]]);
}

const before = shows(5, INBOX);

test.each<[string, Observed]>([
  ['nothing', before],
  ['a flag', shows(6, { ...INBOX, highestModseq: 6, messages: [{ ...ONE, flags: 'x', modseq: 6 }, TWO] })],
  [
    'a message that came and one that went',
    shows(7, { ...INBOX, uidNext: 4, highestModseq: 7, messages: [TWO, { ...TWO, uid: 3, modseq: 6 }] }),
  ],
  ['its name', shows(6, { ...INBOX, name: 'Old' })],
  ['a new mailbox', shows(6, INBOX, { ...INBOX, name: 'New', uidvalidity: 11, messages: [] })],
])('%s may change', (_, now) => {
  expect(compareInTime(before, now)).toEqual([]);
});

test.each<[string, Observed, string]>([
  ['the modseq of the account', shows(4, { ...INBOX, messages: [] }), 'the modseq of the account fell'],
  ['HIGHESTMODSEQ', shows(5, { ...INBOX, highestModseq: 4, messages: [ONE] }), 'HIGHESTMODSEQ fell'],
  ['UIDNEXT', shows(5, { ...INBOX, uidNext: 2, messages: [ONE] }), 'UIDNEXT fell'],
  ['a modseq', shows(6, { ...INBOX, messages: [{ ...ONE, modseq: 3 }, TWO] }), 'its modseq fell from 4 to 3'],
])('%s does not fall', (_, now, what) => {
  expect(compareInTime(before, now)).toContainEqual(expect.objectContaining({ what: expect.stringContaining(what) }));
});

test.each<[string, ObservedMailbox, string]>([
  [
    'a flag under an old modseq',
    { ...INBOX, messages: [{ ...ONE, flags: 'x' }, TWO] },
    'its flags changed under modseq 4',
  ],
  [
    'a message under an old UID',
    { ...INBOX, uidNext: 9, messages: [{ ...ONE, uid: 0 }, ONE, TWO] },
    'a message came under a UID below 3',
  ],
  [
    'a UID that is not below UIDNEXT',
    { ...INBOX, messages: [ONE, TWO, { ...TWO, uid: 3, modseq: 6 }] },
    'a UID that is not below UIDNEXT',
  ],
  [
    'a message under an old modseq',
    { ...INBOX, uidNext: 4, messages: [ONE, TWO, { ...TWO, uid: 3 }] },
    'a new message has modseq 5',
  ],
  [
    'a UID of another message',
    { ...INBOX, messages: [{ ...ONE, messageId: 'other' }, TWO] },
    'the UID was that of one',
  ],
  [
    'a message that went without HIGHESTMODSEQ',
    { ...INBOX, messages: [ONE] },
    'it changed, and HIGHESTMODSEQ 5 did not',
  ],
  [
    'a modseq above HIGHESTMODSEQ',
    { ...INBOX, messages: [ONE, { ...TWO, modseq: 6 }] },
    'a message has modseq 6, above HIGHESTMODSEQ',
  ],
  ['a new mailbox under an old UIDVALIDITY', { ...INBOX, uidvalidity: 9 }, 'a new mailbox has UIDVALIDITY 9'],
])('%s: told', (_, now, what) => {
  const differences = compareInTime(before, shows(6, now));
  expect(differences).toContainEqual(expect.objectContaining({ what: expect.stringContaining(what) }));
});
