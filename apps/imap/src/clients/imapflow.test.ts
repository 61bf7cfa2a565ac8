import type { TestAccount } from '@postel/testkit';
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import { OverheardPort } from '../testing/overheard-port.ts';
import { largeMessage, NESTED, PLAIN } from '../testing/sample-messages.ts';

const server = new MailServer();

async function connectFlow(
  { name, password }: TestAccount,
  secure: boolean,
  port = secure ? server.postel.ports.imaps : server.postel.ports.imap,
  options: Partial<ImapFlowOptions> = {},
): Promise<ImapFlow & AsyncDisposable> {
  const { ca } = server.postel;
  const client = new ImapFlow({
    host: 'localhost',
    port,
    secure,
    auth: { user: name, pass: password },
    tls: { ca },
    logger: false,
    ...options,
  });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.logout() });
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
    expect([...(message.flags ?? [])].sort()).toEqual(['$Label', '\\Flagged']);

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

test('imapflow: create, rename, subscribe, copy, move, search, delete', async () => {
  const account = await server.addAccount();
  await using client = await connectFlow(account, true);
  for (const i of [1, 2, 3, 4]) await client.append('INBOX', `Subject: m${i}\r\n\r\nText of ${i}\r\n`);
  expect(await client.mailboxCreate(['Work', 'Old'])).toMatchObject({ path: 'Work/Old', created: true });
  expect(await client.mailboxCreate(['Work', 'Old'])).toMatchObject({ created: false });
  expect(await client.mailboxRename('Work', 'Büro')).toMatchObject({ path: 'Work', newPath: 'Büro' });
  await client.mailboxSubscribe('Büro/Old');
  const listed = await client.list({ statusQuery: { messages: true } });
  expect(listed.find(({ path }) => path === 'Büro/Old')).toMatchObject({ subscribed: true, status: { messages: 0 } });
  expect(listed.find(({ path }) => path === 'Trash')).toMatchObject({ specialUse: '\\Trash' });

  const lock = await client.getMailboxLock('INBOX');
  try {
    expect(await client.messageCopy('1:2', 'Büro/Old')).toMatchObject({
      uidMap: new Map([
        [1, 1],
        [2, 2],
      ]),
    });
    expect(await client.messageMove('3', 'Büro', { uid: true })).toMatchObject({ uidMap: new Map([[3, 1]]) });
    expect(await client.search({ all: true }, { uid: true })).toEqual([1, 2, 4]);
    expect(await client.messageMove('1:2', 'Nothing')).toBe(false);
    expect(await client.search({ or: [{ seen: true }, { uid: '2:4' }] }, { uid: true })).toEqual([2, 4]);
  } finally {
    lock.release();
  }
  expect(await client.status('Büro/Old', { messages: true, recent: true })).toMatchObject({ messages: 2, recent: 0 });
  expect(await client.status('Büro', { messages: true })).toMatchObject({ messages: 1 });
  await client.mailboxUnsubscribe('Büro/Old');
  await client.mailboxDelete('Büro/Old');
  expect((await client.list()).map(({ path }) => path)).not.toContain('Büro/Old');
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

test('imapflow: what the quota allows, and what passes it', async () => {
  const account = await server.addAccount();
  await using client = await connectFlow(account, false);
  expect(await client.getQuota('INBOX')).toMatchObject({ path: 'INBOX', quotaRoot: 'User quota' });
  await server.postel.setQuota(account, { octets: 10 * 1_024, messages: 3 });
  await client.append('INBOX', 'x'.repeat(5_000));
  expect(await client.getQuota('INBOX')).toMatchObject({
    storage: { usage: 5 * 1_024, limit: 10 * 1_024, status: '50%' },
    message: { usage: 1, limit: 3 },
  });
  await expect(client.append('INBOX', 'x'.repeat(6_000))).rejects.toMatchObject({ serverResponseCode: 'OVERQUOTA' });
});

test('imapflow: QRESYNC, what another program removed and changed while it was away and while it is there', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  for (let i = 0; i < 5; i++) await mary.append('INBOX', PLAIN);
  await mary.command('SELECT INBOX');
  const state = await (async () => {
    await using client = await connectFlow(account, false, undefined, { qresync: true });
    const { uidValidity, highestModseq } = await client.mailboxOpen('INBOX');
    expect(client.enabled).toContain('QRESYNC');
    return { uidValidity, changedSince: highestModseq };
  })();
  await mary.command('UID STORE 2,4 +FLAGS.SILENT (\\Deleted)');
  await mary.command('EXPUNGE');
  await mary.command('UID STORE 5 +FLAGS (\\Flagged)');

  await using client = await connectFlow(account, false, undefined, { qresync: true });
  const gone: unknown[] = [];
  const changed: unknown[] = [];
  client.on('expunge', ({ uid, vanished, earlier }) => gone.push({ uid, vanished, earlier }));
  client.on('flags', ({ uid, flags, modseq }) => changed.push({ uid, isFlagged: flags?.has('\\Flagged'), modseq }));
  const { exists, highestModseq } = await client.mailboxOpen('INBOX', state);
  expect(exists).toBe(3);
  expect(gone).toEqual([2, 4].map((uid) => ({ uid, vanished: true, earlier: true })));
  expect(changed).toEqual([{ uid: 5, isFlagged: true, modseq: highestModseq }]);

  await mary.command('UID STORE 3 +FLAGS.SILENT (\\Deleted)');
  await mary.command('EXPUNGE');
  await client.noop();
  expect(gone.at(-1)).toEqual({ uid: 3, vanished: true, earlier: false });
  await mary.command('UID STORE 5 -FLAGS (\\Flagged)');
  await client.messageFlagsAdd('5', ['\\Answered'], { uid: true, unchangedSince: highestModseq });
  const message = await client.fetchOne('5', { flags: true, uid: true }, { uid: true });
  expect(message === false ? null : [...(message.flags ?? [])]).toEqual([]);
  const news = await client.fetchAll('1:*', { flags: true }, { uid: true, changedSince: highestModseq });
  expect(news.map(({ uid }) => uid)).toEqual([5]);
});

/** What a program keeps of a mailbox between its connections. */
class KeptMailbox {
  readonly flags = new Map<number, string>();
  #state: { readonly uidValidity: bigint; readonly changedSince: bigint } | null = null;

  /** Connects, and asks for what it does not know. @returns whether what it had was of use */
  async resynchronize(account: TestAccount, port: number): Promise<boolean> {
    await using client = await connectFlow(account, false, port, { qresync: true, doSTARTTLS: false });
    client.on('expunge', ({ uid }) => this.flags.delete(uid ?? 0));
    client.on('flags', ({ uid, flags }) => this.#keep(uid ?? 0, flags));
    const known = this.#state;
    const { uidValidity, highestModseq = 0n, exists } = await client.mailboxOpen('Work', known ?? undefined);
    const isKnown = known?.uidValidity === uidValidity;
    if (!isKnown) this.flags.clear();
    const next = Math.max(0, ...this.flags.keys()) + 1;
    if (exists > 0) {
      for await (const { uid, flags } of client.fetch(`${next}:*`, { flags: true }, { uid: true }))
        this.#keep(uid, flags);
    }
    this.#state = { uidValidity, changedSince: highestModseq };
    return isKnown;
  }

  #keep(uid: number, flags: ReadonlySet<string> = new Set()): void {
    this.flags.set(
      uid,
      [...flags]
        .filter((flag) => flag !== '\\Recent')
        .sort()
        .join(' '),
    );
  }
}

/** Always the same, as tests want it. */
function* randomNumbers(): Generator<number, never> {
  for (let state = 1; ; ) {
    state = (state * 48_271) % 2_147_483_647;
    yield state;
  }
}

test('imapflow: QRESYNC of 500 messages, compressed: nothing is missed in 8 rounds, nor in another mailbox of that name', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  for (let i = 0; i < 20; i++) await mary.append('INBOX', PLAIN);
  await mary.command('CREATE Work');
  await mary.command('SELECT INBOX');
  for (let i = 0; i < 25; i++) await mary.command('COPY 1:20 Work');
  await mary.command('SELECT Work');
  const truth = async () => {
    const { untagged } = await mary.command('UID FETCH 1:* (FLAGS)');
    const told = untagged.join('\n').matchAll(/UID (\d+) FLAGS \(([^)]*)\)/g);
    return [...told].map(([, uid, flags = '']) => [
      Number(uid),
      flags
        .split(' ')
        .filter((flag) => flag !== '' && flag !== '\\Recent')
        .sort()
        .join(' '),
    ]);
  };
  await using overheard = await OverheardPort.start(server.postel.ports.imap);
  const kept = new KeptMailbox();
  const sorted = () => [...kept.flags].sort(([a], [b]) => a - b);
  expect(await kept.resynchronize(account, overheard.port)).toBe(false);
  expect(overheard.commands()).toContain('COMPRESS DEFLATE');
  expect(sorted()).toEqual(await truth());

  const numbers = randomNumbers();
  const below = (end: number) => (numbers.next().value % end) + 1;
  const flagOf = () => ['\\Seen', '\\Flagged', '\\Answered', '$Label1'][below(4) - 1];
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 10; i++)
      await mary.command(
        `UID STORE ${below(500)}:${below(500)} ${below(2) === 1 ? '+' : '-'}FLAGS.SILENT (${flagOf()})`,
      );
    for (let i = 0; i < 10; i++) {
      const first = below(500);
      await mary.command(`UID STORE ${first}:${first + below(5)} +FLAGS.SILENT (\\Deleted)`);
    }
    await mary.command('EXPUNGE');
    await mary.command(`COPY 1:${below(10)} Work`);
    expect(await kept.resynchronize(account, overheard.port)).toBe(true);
    expect(sorted()).toEqual(await truth());
  }

  await mary.command('UNSELECT');
  await mary.command('DELETE Work');
  await mary.command('CREATE Work');
  await mary.append('Work', PLAIN, '\\Flagged');
  await mary.command('SELECT Work');
  expect(await kept.resynchronize(account, overheard.port)).toBe(false);
  expect(sorted()).toEqual([[1, '\\Flagged']]);
});
