import { expect, test } from 'vitest';
import { compareWithLedger } from './compare-with-ledger.ts';
import { type Change, type Copy, Ledger, type Mailbox } from './ledger.ts';
import type { Observed, ObservedMailbox, ObservedMessage } from './observed.ts';

const MARY = 'mary';

/** A ledger with two messages in INBOX and none in Archive, and what a server shows that has kept all of it. */
function example() {
  const ledger = new Ledger();
  const account = ledger.addAccount(MARY);
  const mailbox = (name: string, uidvalidity: number): Mailbox => {
    const made = { account: MARY, name, owner: 'a', uidvalidity, copies: new Map<string, Copy>() };
    account.mailboxes.set(name, made);
    return made;
  };
  const inbox = mailbox('INBOX', 10);
  const archive = mailbox('Archive', 11);
  account.subscriptions.add('INBOX');
  for (const [id, uid] of [
    ['one', 1],
    ['two', 2],
  ] as const) {
    const change = added(inbox, id, '\\Seen');
    ledger.end(ledger.begin('a', 'APPEND', `APPEND ${id}`, [change]), 'acknowledged', 'OK', new Map([[id, uid]]));
  }
  return { ledger, inbox, archive };
}

function added(mailbox: Mailbox, id: string, flags = ''): Change {
  return { type: 'added', mailbox, message: { id, sha256: `hash of ${id}`, octets: 3 }, flags, owner: 'a' };
}

const ONE: ObservedMessage = { uid: 1, modseq: 2, messageId: 'one', flags: '\\Seen' };
const TWO: ObservedMessage = { uid: 2, modseq: 3, messageId: 'two', flags: '\\Seen' };
const THREE: ObservedMessage = { uid: 3, modseq: 4, messageId: 'three', flags: '' };

interface Shown {
  readonly inbox?: readonly ObservedMessage[];
  readonly archive?: readonly ObservedMessage[];
  readonly mailboxes?: readonly ObservedMailbox[];
  readonly subscriptions?: readonly string[];
}

function shows({ inbox = [ONE, TWO], archive = [], mailboxes, subscriptions = ['INBOX'] }: Shown = {}): Observed {
  const all = mailboxes ?? [box('INBOX', 10, inbox), box('Archive', 11, archive)];
  const account = {
    modseq: 9,
    mailboxes: new Map(all.map((mailbox) => [mailbox.name, mailbox])),
    subscriptions: new Set(subscriptions),
  };
  return new Map([[MARY, account]]);
}

function box(name: string, uidvalidity: number, messages: readonly ObservedMessage[]): ObservedMailbox {
  return { name, uidvalidity, uidNext: 9, highestModseq: 9, messages };
}

function copyOf(mailbox: Mailbox, id: string): Copy {
  const copy = mailbox.copies.get(id);
  if (copy === undefined) throw new Error(`no ${id}`);
  return copy;
}

function lose(ledger: Ledger, changes: readonly Change[]): void {
  ledger.end(ledger.begin('a', 'X', 'X', changes), 'lost', 'the server closed');
}

test('a server that kept everything differs in nothing', () => {
  expect(compareWithLedger(example().ledger, shows())).toEqual([]);
});

test.each<[string, Shown, string]>([
  ['a message is lost', { inbox: [ONE] }, 'a message that was acknowledged is missing'],
  ['a message is doubled', { inbox: [ONE, TWO, { ...TWO, uid: 3 }] }, 'a message is there 2 times: UIDs 2,3'],
  ['a flag is lost', { inbox: [ONE, { ...TWO, flags: '' }] }, 'its flags should be (\\Seen) and are ()'],
  [
    'a keyword came',
    { inbox: [ONE, { ...TWO, flags: '\\Seen x' }] },
    'its flags should be (\\Seen) and are (\\Seen x)',
  ],
  ['a UID is another', { inbox: [ONE, { ...TWO, uid: 7 }] }, 'its UID was given as 2 and is 7'],
  ['octets changed', { inbox: [ONE, TWO, { ...TWO, uid: 5, messageId: '' }] }, 'octets that nobody sent'],
  ['it is elsewhere too', { archive: [TWO] }, 'a message is there that should not be'],
  ['a mailbox is gone', { mailboxes: [box('INBOX', 10, [ONE, TWO])] }, 'a mailbox is missing'],
  [
    'a mailbox came',
    { mailboxes: [box('INBOX', 10, [ONE, TWO]), box('Archive', 11, []), box('New', 12, [])] },
    'a mailbox is there that should not be',
  ],
  [
    'a UIDVALIDITY changed',
    { mailboxes: [box('INBOX', 10, [ONE, TWO]), box('Archive', 12, [])] },
    'its UIDVALIDITY was 11 and is 12',
  ],
  ['a subscription is lost', { subscriptions: [] }, 'has lost its subscription'],
  ['a subscription came', { subscriptions: ['INBOX', 'Sent'] }, 'is subscribed and should not be'],
])('%s: told', (_, shown, what) => {
  expect(compareWithLedger(example().ledger, shows(shown))).toMatchObject([{ what }]);
});

test('what was refused and is there: told', () => {
  const { ledger, inbox } = example();
  ledger.end(ledger.begin('a', 'APPEND', 'APPEND three', [added(inbox, 'three')]), 'refused', 'NO [UNAVAILABLE]');
  expect(compareWithLedger(ledger, shows())).toEqual([]);
  expect(compareWithLedger(ledger, shows({ inbox: [ONE, TWO, THREE] }))).toMatchObject([
    { uid: 3, messageId: 'three', what: 'a message is there that should not be' },
  ]);
});

test('what is refused for good, where nothing was wrong: told', () => {
  const { ledger, inbox } = example();
  for (const [answer, isFine] of [
    ['NO [UNAVAILABLE] Later', true],
    ['451 4.3.0 Later', true],
    ['NO [NONEXISTENT] No such mailbox', false],
    ['550 5.1.1 Nobody', false],
    ['BAD What', false],
  ] as const) {
    ledger.end(ledger.begin('a', 'APPEND', 'APPEND three', [added(inbox, 'three')]), 'refused', answer);
    expect(compareWithLedger(ledger, shows()), answer).toHaveLength(isFine ? 0 : 1);
  }
});

test('a lost APPEND may have been done or not, and is the one or the other from then on', () => {
  for (const inbox of [
    [ONE, TWO],
    [ONE, TWO, THREE],
  ]) {
    const { ledger, inbox: mailbox } = example();
    lose(ledger, [added(mailbox, 'three')]);
    expect(compareWithLedger(ledger, shows({ inbox }))).toEqual([]);
    expect(ledger.unsettled).toEqual([]);
    const others = inbox.length === 2 ? [ONE, TWO, THREE] : [ONE, TWO];
    expect(compareWithLedger(ledger, shows({ inbox: others }))).toHaveLength(1);
  }
});

test('a lost APPEND that was done twice: told', () => {
  const { ledger, inbox } = example();
  lose(ledger, [added(inbox, 'three')]);
  const twice = shows({ inbox: [ONE, TWO, THREE, { ...THREE, uid: 4 }] });
  expect(compareWithLedger(ledger, twice)).toMatchObject([{ what: 'a message is there 2 times: UIDs 3,4' }]);
});

test('a lost MOVE was done for all of the set or for none, and each message is in one place', () => {
  const move = ({ inbox, archive }: ReturnType<typeof example>) =>
    ['one', 'two'].flatMap((id): Change[] => [
      { type: 'removed', copy: copyOf(inbox, id) },
      added(archive, id, '\\Seen'),
    ]);
  const compare = (shown: Shown) => {
    const all = example();
    lose(all.ledger, move(all));
    return compareWithLedger(all.ledger, shows(shown)).map(({ what }) => what);
  };
  expect(compare({})).toEqual([]);
  expect(compare({ inbox: [], archive: [ONE, TWO] })).toEqual([]);
  for (const wrong of [
    { inbox: [ONE], archive: [TWO] },
    { inbox: [ONE, TWO], archive: [ONE, TWO] },
    { inbox: [], archive: [] },
    { inbox: [], archive: [ONE] },
  ]) {
    expect(compare(wrong)).toContainEqual(expect.stringContaining('done by half'));
  }
});

test('a lost STORE left the flags of before or of after, and no others', () => {
  const compare = (flags: string) => {
    const { ledger, inbox } = example();
    lose(ledger, [{ type: 'flagged', copy: copyOf(inbox, 'one'), flags: '\\Flagged \\Seen' }]);
    return compareWithLedger(ledger, shows({ inbox: [{ ...ONE, flags }, TWO] }));
  };
  expect(compare('\\Seen')).toEqual([]);
  expect(compare('\\Flagged \\Seen')).toEqual([]);
  expect(compare('\\Flagged')).not.toEqual([]);
});

test('lost commands on mailboxes and subscriptions: done or not', () => {
  const { ledger, archive } = example();
  lose(ledger, [{ type: 'renamed', mailbox: archive, name: 'Old' }]);
  lose(ledger, [{ type: 'subscribed', account: MARY, name: 'news' }]);
  const mailboxes = [box('INBOX', 10, [ONE, TWO]), box('Old', 11, [])];
  expect(compareWithLedger(ledger, shows({ mailboxes, subscriptions: ['INBOX', 'news'] }))).toEqual([]);
  lose(ledger, [{ type: 'deleted', mailbox: archive }]);
  lose(ledger, [{ type: 'unsubscribed', account: MARY, name: 'news' }]);
  expect(compareWithLedger(ledger, shows({ mailboxes: [box('INBOX', 10, [ONE, TWO])] }))).toEqual([]);
});

test('a mailbox that a lost RENAME left under both names: told', () => {
  const { ledger, archive } = example();
  lose(ledger, [{ type: 'renamed', mailbox: archive, name: 'Old' }]);
  const mailboxes = [box('INBOX', 10, [ONE, TWO]), box('Archive', 11, []), box('Old', 11, [])];
  expect(compareWithLedger(ledger, shows({ mailboxes })).length).toBeGreaterThan(0);
});
