import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

/** A mailbox of four messages, for filters to tell apart: 1 from boss, 2 seen, 3 seen and flagged, 4 from boss and seen. */
async function withMessages(port?: number): Promise<ImapClient> {
  const mary = await server.logIn(undefined, port);
  await mary.append('INBOX', 'From: boss@example.com\r\nSubject: one\r\n\r\n');
  await mary.append('INBOX', 'From: joe@example.com\r\nSubject: two\r\n\r\n', '\\Seen');
  await mary.append('INBOX', 'From: joe@example.com\r\nSubject: three\r\n\r\n', '\\Seen \\Flagged');
  await mary.append('INBOX', 'From: boss@example.com\r\nSubject: caf\xc3\xa9\r\n\r\n', '\\Seen');
  await mary.command('SELECT INBOX');
  return mary;
}

test('RFC 5466 §3: a search is kept by its name, and looked for by it', async () => {
  await using mary = await withMessages();
  await mary.dialogue`
    C: a1 SETMETADATA "" ("/private/filters/values/on-the-road" "OR FLAGGED FROM \"boss@example.com\"")
    S: a1 OK ...
    C: a2 SEARCH 2:4 FILTER on-the-road SEEN
    S: * SEARCH 3 4
    S: a2 OK ...
    C: a3 UID SEARCH FILTER On-The-Road
    S: * SEARCH 1 3 4
    S: a3 OK ...
    C: a4 SEARCH RETURN (COUNT) CHARSET UTF-8 NOT FILTER on-the-road
    S: * ESEARCH (TAG "a4") COUNT 1
    S: a4 OK ...
  `;
});

test('a filter goes in as it is written, key by key, and in parentheses as one', async () => {
  await using mary = await withMessages();
  await mary.dialogue`
    C: a1 SETMETADATA "" (/private/filters/values/two "SEEN FLAGGED" /private/filters/values/group "(SEEN FLAGGED)" /private/filters/values/refers "UNDRAFT FILTER two")
    S: a1 OK ...
    C: a2 SEARCH FILTER two
    S: * SEARCH 3
    S: a2 OK ...
    C: a3 SEARCH NOT FILTER two
    S: * SEARCH
    S: a3 OK ...
    C: a4 SEARCH NOT FILTER group
    S: * SEARCH 1 2 4
    S: a4 OK ...
    C: a5 SEARCH OR FILTER group 1
    S: * SEARCH 1 3
    S: a5 OK ...
    C: a6 SEARCH OR 1 (FILTER refers)
    S: * SEARCH 1 3
    S: a6 OK ...
    C: a7 SEARCH NOT (FILTER refers) SEEN
    S: * SEARCH 2 4
    S: a7 OK ...
  `;
});

test.for([
  ['SEARCH FILTER changed', '* SEARCH 1 2 (MODSEQ {highest})'],
  ['UID SORT (REVERSE ARRIVAL) UTF-8 FILTER refers', '* SORT 2 1 (MODSEQ {highest})'],
  ['SEARCH RETURN (COUNT UPDATE) FILTER changed', '* ESEARCH (TAG "a2") COUNT 2 MODSEQ {highest}'],
  [
    'ESEARCH IN (selected) FILTER changed',
    '* ESEARCH (TAG "a2" MAILBOX INBOX {validity}) UID ALL 1:2 MODSEQ {highest}',
  ],
  ['ESEARCH IN (inboxes) FILTER changed', '* ESEARCH (TAG "a2" MAILBOX INBOX {validity}) UID ALL 1:2 MODSEQ {highest}'],
] as const)(
  'RFC 5466 §3.1, RFC 7162 §3.1: %s enables CONDSTORE by a MODSEQ in the filter, and tells the highest',
  async ([command, found]) => {
    await using mary = await withMessages();
    const { untagged } = await mary.command('SELECT INBOX');
    const before = Number(/HIGHESTMODSEQ (\d+)/.exec(untagged.join())?.[1]);
    await mary.command('STORE 1:2 +FLAGS (\\Answered)');
    await mary.dialogue`
    C: a1 SETMETADATA "" (/private/filters/values/changed "MODSEQ ${before + 1}" /private/filters/values/refers "FILTER changed")
    S: a1 OK ...
    C: a2 ${command}
    S: * OK [HIGHESTMODSEQ {highest}] ...
    S: ${found}
    S: a2 OK ...
    C: a3 STORE 3 +FLAGS (\Answered)
    S: * 3 FETCH (UID 3 FLAGS (...) MODSEQ (...))
    S: ...
    S: a3 OK ...
  `;
  },
);

test('RFC 6203 §4: a search is fuzzy also by what stands in a filter', async () => {
  await using mary = await withMessages();
  await mary.dialogue`
    C: a1 SETMETADATA "" (/private/filters/values/like "FUZZY SUBJECT one" /private/filters/values/flagged "FLAGGED")
    S: a1 OK ...
    C: a2 SEARCH RETURN (ALL RELEVANCY) FILTER like
    S: * ESEARCH (TAG "a2") ALL 1 RELEVANCY ({one})
    S: a2 OK Searched
    C: a3 ESEARCH IN (inboxes) RETURN (ALL RELEVANCY) FILTER like
    S: * ESEARCH (TAG "a3" MAILBOX INBOX UIDVALIDITY ...) UID ALL 1 RELEVANCY ({one})
    S: a3 OK Searched
    C: a4 SEARCH RETURN (ALL RELEVANCY) FILTER flagged
    S: a4 BAD ...
    C: a5 SORT (RELEVANCY) UTF-8 FILTER like
    S: * SORT 1
    S: a5 OK ...
  `;
});

test('values with literals and UTF-8', async () => {
  await using mary = await withMessages();
  const value = 'SUBJECT {5+}\r\ncaf\xc3\xa9 FROM boss';
  mary.send(`a1 SETMETADATA "" (/private/filters/values/literal {${value.length}+}\r\n${value})\r\n`);
  await mary.dialogue`
    S: a1 OK ...
    C: a2 SEARCH FILTER literal
    S: * SEARCH 4
    S: a2 OK ...
  `;
});

test('RFC 5466 §3.1: a filter that is not there, or refers to itself, is undefined', async () => {
  await using mary = await withMessages();
  await mary.dialogue`
    C: a1 SEARCH FILTER nothing
    S: a1 NO [UNDEFINED-FILTER nothing] ...
    C: a2 SEARCH SEEN FILTER __proto__
    S: a2 NO [UNDEFINED-FILTER __proto__] ...
    C: a3 SETMETADATA "" (/private/filters/values/a "SEEN FILTER b" /private/filters/values/b "FILTER a" /private/filters/values/dangling "OR SEEN FILTER gone")
    S: a3 OK ...
    C: a4 SEARCH FILTER a
    S: a4 NO [UNDEFINED-FILTER ...] ...
    C: a5 SEARCH FILTER dangling
    S: a5 NO [UNDEFINED-FILTER gone] ...
    C: a6 SETMETADATA "" (/private/filters/values/1 "FILTER 2" /private/filters/values/2 "FILTER 3" /private/filters/values/3 "FILTER 4" /private/filters/values/4 "FLAGGED")
    S: a6 OK ...
    C: a7 SEARCH FILTER 1
    S: * SEARCH 3
    S: a7 OK ...
    C: a8 SETMETADATA "" (/private/filters/values/4 NIL)
    S: a8 OK ...
    C: a9 SEARCH FILTER 1
    S: a9 NO [UNDEFINED-FILTER 4] ...
    C: b1 SEARCH FILTER
    S: b1 BAD ...
    C: b2 SEARCH FILTER a/b
    S: b2 BAD ...
    C: b3 SEARCH FILTER "a"
    S: b3 BAD ...
  `;
});

test('filters that refer to filters many times over are refused before they are put together', async () => {
  await using mary = await withMessages();
  const many = (name: string) => Array(200).fill(`FILTER ${name}`).join(' ');
  await mary.command(
    `SETMETADATA "" (/private/filters/values/a "${many('b')}" /private/filters/values/b "${many('c')}" /private/filters/values/c "${many('d')}" /private/filters/values/d "SEEN")`,
  );
  expect((await mary.command('SEARCH FILTER c')).untagged).toEqual(['* SEARCH 2 3 4']);
  expect((await mary.command('SEARCH FILTER a')).tagged).toMatch(/^NO \[LIMIT\]/);
  expect((await mary.command('SEARCH FILTER b')).tagged).toMatch(/^NO \[LIMIT\]/);
  const texts = Array(60).fill('TEXT x').join(' ');
  await mary.command(`SETMETADATA "" (/private/filters/values/texts "${texts}")`);
  expect((await mary.command('SEARCH FILTER texts')).tagged).toMatch(/^OK /);
  expect((await mary.command('SEARCH FILTER texts FILTER texts')).tagged).toMatch(/^NO \[LIMIT\]/);
});

test('RFC 5466 §3.2: what is no search is not kept as a filter', async () => {
  await using mary = await withMessages();
  for (const value of [
    'OR SMALLER',
    'SEEN)',
    '(SEEN',
    'NONSENSE',
    '',
    'FILTER',
    'CHARSET UTF-8 SEEN',
    'SEEN  FLAGGED',
    'FILTER a/b',
  ]) {
    const { tagged } = await mary.command(`SETMETADATA "" (/private/filters/values/wrong "${value}")`);
    expect(tagged, value).toMatch(/^NO \[CANNOT\] The filter is no search: /);
  }
  mary.send('a1 SETMETADATA "" (/private/filters/values/wrong {13+}\r\nSUBJECT "\xe9\xe9\xe9")\r\n');
  await mary.dialogue`
    S: a1 NO [CANNOT] ...
    C: a2 SETMETADATA "" (/private/filters/values/a/b "SEEN")
    S: a2 BAD ...
    C: a3 SETMETADATA "" ("/private/filters/values/a b" "SEEN")
    S: a3 BAD ...
    C: a4 SETMETADATA "" (/private/filters/values/right "SEEN" /private/filters/values/wrong "NONSENSE")
    S: a4 NO ...
    C: a5 SEARCH FILTER right
    S: a5 NO [UNDEFINED-FILTER right] ...
    C: a6 SETMETADATA "" (/private/filters/descriptions/right "a description" /private/filters/values/right "SEEN")
    S: a6 OK ...
    C: a7 SETMETADATA INBOX (/private/filters/values/wrong "NONSENSE")
    S: a7 OK ...
    C: a8 GETMETADATA (DEPTH infinity) "" (/private/filters)
    S: * METADATA "" (/private/filters/descriptions/right "a description" /private/filters/values/right "SEEN")
    S: a8 OK ...
  `;
});

test('RFC 5466 §3.1: another charset is BAD with a filter, and NO without', async () => {
  await using mary = await withMessages();
  await mary.dialogue`
    C: a1 SEARCH CHARSET KOI8-R OR SEEN FILTER a
    S: a1 BAD [BADCHARSET (UTF-8 US-ASCII)] ...
    C: a2 SEARCH CHARSET KOI8-R SEEN
    S: a2 NO [BADCHARSET (UTF-8 US-ASCII)] ...
  `;
});

test('filters of all are the administrator’s, and one’s own come first', async () => {
  await using imap = await server.startProcess({
    metadata: [
      { entry: '/shared/filters/values/new', value: 'UNSEEN' },
      { entry: '/shared/filters/values/wrong', value: 'NONSENSE' },
    ],
  });
  await using mary = await withMessages(imap.port);
  await mary.dialogue`
    C: a1 SEARCH FILTER new
    S: * SEARCH 1
    S: a1 OK ...
    C: a2 SETMETADATA "" (/private/filters/values/new "FLAGGED")
    S: a2 OK ...
    C: a3 SEARCH FILTER new
    S: * SEARCH 3
    S: a3 OK ...
    C: a4 SEARCH FILTER wrong
    S: a4 NO [UNDEFINED-FILTER wrong] ...
    C: a5 SETMETADATA "" (/shared/filters/values/mine "SEEN")
    S: a5 NO [NOPERM] ...
  `;
});
