import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestAccount } from '@postel/testkit';
import { ImapFlow } from 'imapflow';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';
import { NESTED, PLAIN } from './testing/sample-messages.ts';

const server = new MailServer();
const run = promisify(execFile);

async function connectFlow(
  { name, password }: TestAccount,
  secure: boolean,
  port = secure ? server.postel.ports.imaps : server.postel.ports.imap,
): Promise<ImapFlow & AsyncDisposable> {
  const { ca } = server.postel;
  const client = new ImapFlow({
    host: 'localhost',
    port,
    secure,
    auth: { user: name, pass: password },
    tls: { ca },
    logger: false,
  });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.logout() });
}

/** A letter with an attachment, with 8-bit octets in its header. */
function largeMessage(attachmentOctets: number): Buffer {
  const header = Buffer.from(
    'From: J\xfcrgen <j@example.com>\r\nSubject: Gr\xfc\xdfe\r\nMIME-Version: 1.0\r\n' +
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n' +
      '--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n',
    'latin1',
  );
  const line = `${'QUJD'.repeat(19)}\r\n`;
  return Buffer.concat([header, Buffer.alloc(attachmentOctets, line), Buffer.from('\r\n--b--\r\n')]);
}

test('imapflow: append, list, status, fetch, flags, search, download, delete', async () => {
  const account = await server.addAccount();
  await using client = await connectFlow(account, false);
  await client.mailboxCreate(['Work', 'Grüße']);
  const paths = (await client.list()).map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['INBOX', 'Work', 'Work/Grüße']));

  const date = new Date('2024-05-06T07:08:09Z');
  const appended = await client.append('INBOX', NESTED, ['\\Flagged', '$Label'], date);
  await client.append('INBOX', PLAIN, ['\\Seen']);
  expect(appended).toMatchObject({ destination: 'INBOX', uid: 1 });
  expect(await client.status('INBOX', { messages: true, unseen: true, uidNext: true })).toMatchObject({
    messages: 2,
    unseen: 1,
    uidNext: 3,
  });

  const lock = await client.getMailboxLock('INBOX');
  try {
    const message = await client.fetchOne('1', {
      uid: true,
      flags: true,
      envelope: true,
      bodyStructure: true,
      internalDate: true,
      size: true,
      source: true,
    });
    if (message === false) throw new Error('no message');
    expect(message.envelope?.subject).toBe('Nested');
    expect(message.bodyStructure?.childNodes?.map(({ type }) => type)).toEqual([
      'text/plain',
      'image/png',
      'message/rfc822',
    ]);
    expect(message.size).toBe(NESTED.length);
    expect(message.source?.toString('latin1')).toBe(NESTED);
    expect(message.internalDate).toEqual(date);
    expect([...(message.flags ?? [])].sort()).toEqual(['$Label', '\\Flagged', '\\Recent']);

    const { content } = await client.download('1', '3.1');
    expect(Buffer.concat(await Array.fromAsync(content ?? [])).toString()).toBe('Inner text');

    expect(await client.search({ seen: true })).toEqual([2]);
    expect(await client.search({ keyword: '$Label' }, { uid: true })).toEqual([1]);
    expect(await client.search({ from: 'MARY', subject: 'plain', sentSince: '1994-02-07' })).toEqual([2]);
    expect(await client.search({ body: 'inner text', before: '2024-05-07', larger: 100 })).toEqual([1]);
    expect(await client.search({ or: [{ header: { 'Message-ID': 'plain@' } }, { text: 'Grüße' }] })).toEqual([2]);
    await client.messageFlagsAdd('1', ['\\Seen']);
    expect(await client.search({ seen: false })).toEqual([]);
    await client.messageDelete('1');
    expect(await client.search({ all: true }, { uid: true })).toEqual([2]);
  } finally {
    lock.release();
  }
  await client.mailboxDelete(['Work', 'Grüße']);
  expect((await client.list()).map(({ path }) => path)).not.toContain('Work/Grüße');
});

test.each(['one process', 'two processes'])(
  'imapflow: two connections of %s, one in IDLE, see each other at once',
  async (processes) => {
    const account = await server.addAccount();
    await using second = await server.startProcess();
    await using watching = await connectFlow(account, false);
    await using working = await connectFlow(account, false, processes === 'two processes' ? second.port : undefined);
    await watching.mailboxOpen('INBOX');
    await working.mailboxOpen('INBOX');
    const event = <T>(name: 'exists' | 'flags' | 'expunge') =>
      new Promise<T>((resolve) => watching.once(name, (value) => resolve(value as T)));
    void watching.idle();

    const exists = event<{ count: number }>('exists');
    await working.append('INBOX', PLAIN);
    expect(await exists).toMatchObject({ count: 1, prevCount: 0 });

    const flags = event<{ flags: Set<string> }>('flags');
    await working.messageFlagsAdd('1', ['\\Flagged']);
    expect([...(await flags).flags]).toContain('\\Flagged');

    const expunge = event<{ seq: number }>('expunge');
    await working.messageDelete('1');
    expect(await expunge).toMatchObject({ seq: 1 });
  },
);

test('imapflow: a message of 30 MB with an attachment and 8-bit header fields comes back byte for byte', async () => {
  const account = await server.addAccount();
  await using client = await connectFlow(account, false);
  const message = largeMessage(30 * 1024 * 1024);
  await client.append('INBOX', message);
  await client.mailboxOpen('INBOX');
  const fetched = await client.fetchOne('1', { source: true, bodyStructure: true });
  if (fetched === false || fetched.source === undefined) throw new Error('no message');
  expect(fetched.source.equals(message)).toBe(true);
  expect(fetched.bodyStructure?.childNodes?.[1]?.disposition ?? fetched.bodyStructure?.childNodes?.[1]?.type).toBe(
    'application/octet-stream',
  );
});

test('curl: APPEND with -T, FETCH, and STATUS over IMAPS', async () => {
  const { name, password } = await server.addAccount();
  const directory = mkdtempSync(join(tmpdir(), 'postel-curl-'));
  try {
    const message = largeMessage(200_000);
    writeFileSync(join(directory, 'message'), message);
    const curl = (...args: readonly string[]) =>
      run('curl', [
        '-sS',
        '--cacert',
        join(server.postel.dataDirectory, 'ca.pem'),
        '-u',
        `${name}:${password}`,
        ...args,
      ]);
    const url = `imaps://localhost:${server.postel.ports.imaps}`;
    await curl('-T', join(directory, 'message'), `${url}/INBOX`);
    await curl(`${url}/INBOX;MAILINDEX=1`, '-o', join(directory, 'fetched'));
    expect(readFileSync(join(directory, 'fetched')).equals(message)).toBe(true);
    await curl(`${url}/INBOX;UID=1;SECTION=1`, '-o', join(directory, 'part'));
    expect(readFileSync(join(directory, 'part'), 'latin1')).toBe('Hello');
    const { stdout } = await curl(url, '-X', 'STATUS INBOX (MESSAGES UNSEEN)');
    expect(stdout).toBe('* STATUS INBOX (MESSAGES 1 UNSEEN 0)\r\n');
    const starttls = `imap://localhost:${server.postel.ports.imap}`;
    const { stdout: listed } = await curl('--ssl-reqd', starttls);
    expect(listed).toContain('* LIST (\\HasNoChildren) "/" INBOX');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

const hasPython = await run('python3', ['-c', 'import imaplib']).then(
  () => true,
  () => false,
);

/** What a person would type; anything unexpected is an error, and shown. */
const IMAPLIB = `
import imaplib, ssl, sys
port, ca, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
client = imaplib.IMAP4('localhost', port)
client.starttls(ssl.create_default_context(cafile=ca))
client.login(user, password)
message = b'Subject: imaplib\\r\\n\\r\\n' + b'x' * 5000
def check(answer, expected=None):
    assert answer[0] == 'OK', answer
    if expected is not None: assert answer[1] == expected, answer
    return answer[1]
check(client.create('Work'))
check(client.append('Work', '(\\\\Flagged)', None, message))
check(client.select('Work'), [b'1'])
assert check(client.fetch('1', '(RFC822)'))[0][1] == message
check(client.store('1', '+FLAGS', '\\\\Deleted'))
check(client.search(None, 'DELETED'), [b'1'])
check(client.expunge(), [b'1'])
check(client.status('Work', '(MESSAGES)'), [b'Work (MESSAGES 0)'])
check(client.close())
check(client.delete('Work'))
client.logout()
`;

test.skipIf(!hasPython)('imaplib of Python (skipped where there is no python3)', async () => {
  const { name, password } = await server.addAccount();
  const { dataDirectory, ports } = server.postel;
  const args = ['-c', IMAPLIB, `${ports.imap}`, join(dataDirectory, 'ca.pem'), name, password];
  await expect(run('python3', args)).resolves.toMatchObject({ stderr: '' });
});
