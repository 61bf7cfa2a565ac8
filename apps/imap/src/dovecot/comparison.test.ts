import { afterAll, expect, test } from 'vitest';
import { DovecotServer, startDovecot } from '../testing/dovecot-server.ts';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';
import { type ResponseValue, readList } from '../testing/read-response.ts';
import { samples } from './samples.ts';

const server = new MailServer();
const started = await startDovecot();
afterAll(async () => {
  if (started instanceof DovecotServer) await started[Symbol.asyncDispose]();
});

async function withMessage(client: ImapClient, octets: string): Promise<ImapClient> {
  await client.append('INBOX', octets);
  await client.command('SELECT INBOX');
  return client;
}

/** What a server tells of that item: a string however it was sent. */
async function ask(client: ImapClient, item: string): Promise<ResponseValue> {
  const { untagged, tagged } = await client.command(`FETCH 1 (${item})`);
  expect(tagged, item).toMatch(/^OK /);
  const list = readList(untagged.join('\r\n'));
  const [name, told] = Array.isArray(list) ? list : [];
  expect(name, item).toBe(item.replace('.PEEK', ''));
  return told ?? null;
}

/** What can be asked of a message with that BODY. */
function itemsFor(body: ResponseValue, number = ''): readonly string[] {
  if (!Array.isArray(body)) return [];
  const below = (part: number) => (number === '' ? `${part}` : `${number}.${part}`);
  const isMultipart = Array.isArray(body[0]);
  const [type, subtype] = body;
  const isMessage = `${type}/${subtype}`.toLowerCase() === 'message/rfc822';
  const own = number === '' ? [] : [`BODY.PEEK[${number}]`, `BODY.PEEK[${number}.MIME]`];
  if (isMessage) {
    const part = number === '' ? '1' : number;
    return [...own, `BODY.PEEK[${part}.HEADER]`, `BODY.PEEK[${part}.TEXT]`, ...itemsFor(body[8] ?? null, part)];
  }
  if (!isMultipart) return number === '' ? ['BODY.PEEK[1]', 'BODY.PEEK[1.MIME]'] : own;
  const parts = body.filter((part) => Array.isArray(part));
  return [...own, ...parts.flatMap((part, i) => itemsFor(part, below(i + 1)))];
}

const OF_ANY = [
  'RFC822.SIZE',
  'ENVELOPE',
  'BODYSTRUCTURE',
  'BODY',
  'BODY.PEEK[]',
  'BODY.PEEK[HEADER]',
  'BODY.PEEK[TEXT]',
  'BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]',
  'BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]',
];

test.for(samples)('both tell the same of $title', async ({ octets, differs }, { skip }) => {
  if (!(started instanceof DovecotServer)) return skip(started.problem);
  const user = await started.addUser('mary');
  await using theirs = await started.connect();
  await theirs.command(`LOGIN ${user.name} ${user.password}`);
  await using ours = await server.logIn();
  await withMessage(theirs, octets);
  await withMessage(ours, octets);
  const found = new Map<string, string>();
  for (const item of [...OF_ANY, ...itemsFor(await ask(ours, 'BODY'))]) {
    const [postel, dovecot] = [JSON.stringify(await ask(ours, item)), JSON.stringify(await ask(theirs, item))];
    if (postel !== dovecot) found.set(item, `${item}\n  Postel:  ${postel}\n  Dovecot: ${dovecot}`);
  }
  const listed = differs?.items ?? [];
  const unlisted = [...found].filter(([item]) => !listed.includes(item)).map(([, told]) => told);
  if (unlisted.length > 0) throw new Error(`They differ:\n${unlisted.join('\n')}`);
  expect(
    listed.filter((item) => !found.has(item)),
    'differences that are no more',
  ).toEqual([]);
});
