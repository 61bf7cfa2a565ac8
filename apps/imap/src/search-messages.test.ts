import fc from 'fast-check';
import { ImapFlow } from 'imapflow';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

/** What a message is made of, and what is searched for: in several scripts and cases, and some that mean something in SQL. */
const WORDS = ['Straße', 'STRASSE', 'привет', 'ПРИВЕТ', '日本', '日本語', 'a%b', 'a_b', 'axb', 'x', 'X\\y', "it's"];
const FIELDS = ['From', 'To', 'Cc', 'Bcc', 'Subject', 'X-Words'];
const DAYS = [1, 2, 3];
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '\\Draft', '$One', '$Two'];
const COUNT = 24;

/** A message as a client sees it. */
interface Seen {
  readonly number: number;
  readonly uid: number;
  readonly flags: ReadonlySet<string>;
  readonly size: number;
  /** Day of February 1994. */
  readonly day: number;
  readonly sentDay: number | null;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly body: string;
}

/** A key as the client writes it, and what it means, as simply as that can be said. */
interface Query {
  readonly text: string;
  matches(message: Seen): boolean;
}

const fold = (text: string) => text.toUpperCase().toLowerCase();
const has = (text: string, part: string) => fold(text).includes(fold(part));
const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
const fieldsNamed = ({ fields }: Seen, name: string) => fields.filter((field) => fold(field.name) === fold(name));

const word = fc.constantFrom(...WORDS, '', '%', 'nowhere');
const day = fc.constantFrom(...DAYS, 4);
const number = fc.integer({ min: 1, max: COUNT });

const flagKeys = FLAGS.filter((flag) => flag.startsWith('\\')).flatMap((flag): Query[] => [
  { text: flag.slice(1).toUpperCase(), matches: ({ flags }) => flags.has(flag) },
  { text: `UN${flag.slice(1).toUpperCase()}`, matches: ({ flags }) => !flags.has(flag) },
]);
const keywordKeys = ['$One', '$Two', '$Three'].flatMap((flag): Query[] => [
  { text: `KEYWORD ${flag}`, matches: ({ flags }) => flags.has(flag) },
  { text: `UNKEYWORD ${flag}`, matches: ({ flags }) => !flags.has(flag) },
]);

const dateKey = fc
  .tuple(fc.constantFrom('', 'SENT'), fc.constantFrom('BEFORE', 'ON', 'SINCE'), day)
  .map(([sent, which, bound]): Query => {
    const meets = {
      BEFORE: (at: number) => at < bound,
      ON: (at: number) => at === bound,
      SINCE: (at: number) => at >= bound,
    };
    const dayOf = (message: Seen) => (sent === '' ? message.day : message.sentDay);
    return {
      text: `${sent}${which} ${bound}-Feb-1994`,
      matches(message) {
        const at = dayOf(message);
        return at !== null && meets[which](at);
      },
    };
  });

const leaf: fc.Arbitrary<Query> = fc.oneof(
  fc.constantFrom<Query>(...flagKeys, ...keywordKeys, { text: 'ALL', matches: () => true }),
  dateKey,
  fc.tuple(number, number).map(
    ([first, last]): Query => ({
      text: `${first}:${last}`,
      matches: (message) => message.number >= Math.min(first, last) && message.number <= Math.max(first, last),
    }),
  ),
  fc
    .tuple(number, number)
    .map(
      ([one, other]): Query => ({ text: `UID ${one},${other}`, matches: ({ uid }) => uid === one || uid === other }),
    ),
  fc.integer({ min: 100, max: 250 }).map((size): Query => ({ text: `LARGER ${size}`, matches: (m) => m.size > size })),
  fc.integer({ min: 100, max: 250 }).map((size): Query => ({ text: `SMALLER ${size}`, matches: (m) => m.size < size })),
  fc.tuple(fc.constantFrom('FROM', 'TO', 'CC', 'BCC', 'SUBJECT'), word).map(
    ([name, part]): Query => ({
      text: `${name} ${quoted(part)}`,
      matches: (message) => fieldsNamed(message, name).some(({ value }) => has(value, part)),
    }),
  ),
  fc.tuple(fc.constantFrom(...FIELDS, 'Date', 'x-none'), word).map(
    ([name, part]): Query => ({
      text: `HEADER ${name} ${quoted(part)}`,
      matches: (message) => fieldsNamed(message, name).some(({ value }) => has(value, part)),
    }),
  ),
  word.map((part): Query => ({ text: `BODY ${quoted(part)}`, matches: ({ body }) => has(body, part) })),
  word.map(
    (part): Query => ({
      text: `TEXT ${quoted(part)}`,
      matches: ({ fields, body }) =>
        has(body, part) || fields.some(({ name, value }) => has(`${name}: ${value}`, part)),
    }),
  ),
);

const { query } = fc.letrec<{ query: Query; not: Query; or: Query; and: Query }>((tie) => ({
  query: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('not'), tie('or'), tie('and')),
  not: tie('query').map((key) => ({ text: `NOT ${key.text}`, matches: (message) => !key.matches(message) })),
  or: fc.tuple(tie('query'), tie('query')).map(([left, right]) => ({
    text: `OR ${left.text} ${right.text}`,
    matches: (message) => left.matches(message) || right.matches(message),
  })),
  and: fc.array(tie('query'), { minLength: 1, maxLength: 4 }).map((keys) => ({
    text: `(${keys.map(({ text }) => text).join(' ')})`,
    matches: (message) => keys.every((key) => key.matches(message)),
  })),
}));

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;
const some = <T>(values: readonly T[], share: number) => values.filter(() => Math.random() < share);

function makeMessage(): Buffer {
  const fields = FIELDS.flatMap((name) =>
    Math.random() < 0.3 ? [] : [`${name}: ${some(WORDS, 0.2).join(' ')} <${pick(['x', 'y'])}@example.com>`],
  );
  const date =
    Math.random() < 0.2 ? [] : [`Date: ${pick(DAYS)} Feb 1994 ${pick(['00', '23'])}:00 ${pick(['EST', '+1400'])}`];
  const header = ['Content-Type: text/plain; charset=utf-8', ...fields, ...date].join('\r\n');
  return Buffer.from(`${header}\r\n\r\n${some(WORDS, 0.3).join(' ')}`);
}

/** All messages of INBOX, as another client fetches them. */
async function fetchAll(name: string, password: string): Promise<readonly Seen[]> {
  const { ca, ports } = server.postel;
  const client = new ImapFlow({
    host: 'localhost',
    port: ports.imap,
    secure: false,
    auth: { user: name, pass: password },
    tls: { ca },
    logger: false,
  });
  await client.connect();
  await client.mailboxOpen('INBOX');
  const items = { uid: true, flags: true, internalDate: true, size: true, source: true };
  const messages = await client.fetchAll('1:*', items);
  await client.logout();
  return messages.map(({ seq, uid, flags = new Set(), internalDate = '', size = 0, source = Buffer.alloc(0) }) => {
    const [header = '', body = ''] = source.toString().split('\r\n\r\n');
    const fields = header.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
    });
    const date = fields.find((field) => field.name === 'Date')?.value;
    const sentDay = date === undefined ? null : Number.parseInt(date, 10);
    return { number: seq, uid, flags, size, day: new Date(internalDate).getUTCDate(), sentDay, fields, body };
  });
}

test('any search finds what a look at each message finds', { timeout: 60_000 }, async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  for (let n = 0; n < COUNT; n++) {
    await mary.append('INBOX', makeMessage(), some(FLAGS, 0.3).join(' '), ` ${pick(DAYS)}-Feb-1994 12:00:00 +0000`);
  }
  await mary.command('SELECT INBOX');
  await mary.command('EXPUNGE');
  for (let n = 0; n < COUNT; n++) {
    await mary.append('INBOX', makeMessage(), some(FLAGS, 0.3).join(' '), ` ${pick(DAYS)}-Feb-1994 12:00:00 +0000`);
  }
  await mary.command('NOOP');
  const messages = await fetchAll(account.name, account.password);
  expect(messages.length).toBeGreaterThanOrEqual(COUNT);

  await fc.assert(
    fc.asyncProperty(fc.array(query, { minLength: 1, maxLength: 3 }), async (keys) => {
      const text = keys.map((key) => key.text).join(' ');
      const { untagged, tagged } = await mary.command(`SEARCH ${Buffer.from(text).toString('latin1')}`);
      expect(tagged, text).toMatch(/^OK /);
      const found = messages.filter((message) => keys.every((key) => key.matches(message)));
      expect(untagged, text).toEqual([['* SEARCH', ...found.map((message) => message.number)].join(' ')]);
    }),
    { numRuns: 500 },
  );
});
