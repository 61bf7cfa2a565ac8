/** A whole server whose large contents are in a bucket. */
import { createHash, randomBytes } from 'node:crypto';
import { openBlobs, openDatabase, sweepBlobs } from '@postel/storage';
import { createTestDatabase, FaultProxy, startObjectStore } from '@postel/testkit';
import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { ConfiguredServer, HOST, HOSTNAME, urlOf } from '../testing/configured-server.ts';

const MB = 1024 * 1024;

/** Everything that is started, and disposed of in the opposite order. */
async function startWithBucket() {
  const stack = new AsyncDisposableStack();
  const { target } = stack.use(await createTestDatabase());
  const objects = stack.use(await startObjectStore());
  const proxy = stack.use(await FaultProxy.start(objects.endpoint));
  const blobs = { s3: objects.settings(proxy.endpoint) };
  const server = stack.use(await ConfiguredServer.prepare({ database: { url: urlOf(target) }, blobs }));
  await server.start();
  const mary = await server.addAccount('mary');
  return { target, objects, proxy, server, mary, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('5 MB in by SMTP are an object, come out by IMAP, and are refused for now while the bucket is away', {
  timeout: 90_000,
}, async () => {
  await using started = await startWithBucket();
  const { objects, proxy, server, mary } = started;
  const transport = createTransport({
    host: HOST,
    port: server.ports.mx,
    tls: { servername: HOSTNAME, ca: server.ca },
  });
  const attachment = randomBytes(5 * MB);
  const send = () =>
    transport.sendMail({
      from: 'peter@elsewhere.example',
      to: 'mary@example.com',
      subject: 'large',
      text: 'See the attachment.',
      attachments: [{ filename: 'large.bin', content: attachment }],
    });
  await send();
  expect(objects.objects.size).toBe(1);

  const client = await server.imap(mary);
  await client.mailboxOpen('INBOX');
  const download = await client.download('1', '2');
  const received = Buffer.concat((await download.content?.toArray()) ?? []);
  expect(received.equals(attachment)).toBe(true);

  proxy.fault = ({ method }) => (method === 'PUT' ? { type: 'status', status: 503 } : null);
  await expect(send()).rejects.toMatchObject({ responseCode: 451 });
  proxy.fault = () => null;
  await send();
  expect(await client.status('INBOX', { messages: true })).toMatchObject({ messages: 2 });
  expect(server.process.output).not.toContain(objects.secretAccessKey);
  client.close();
  transport.close();
});

test('verify reads objects, tells of one that is missing, and gives up without a word on messages while the bucket refuses', {
  timeout: 90_000,
}, async () => {
  await using started = await startWithBucket();
  const { objects, proxy, server, mary } = started;
  const client = await server.imap(mary);
  await client.append('INBOX', `Message-ID: <large@example.com>\r\n\r\n${randomBytes(MB).toString('base64')}`);
  client.close();
  expect(await server.postel('verify')).toMatchObject({ code: 0, stdout: '' });

  proxy.fault = () => ({ type: 'status', status: 403 });
  const refused = await server.postel('verify');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('stopped before the end: The object store answered 403');
  proxy.fault = () => null;

  objects.objects.clear();
  const missing = await server.postel('verify');
  expect(missing.code).toBe(1);
  expect(missing.stdout).toMatch(/^mary, INBOX, UID 1, <large@example\.com>: .* it is missing\. No repair: restore it/);
});

test('kill -9 between the end of an upload and its commit leaves a blob that is swept, and no message without one', {
  timeout: 90_000,
}, async () => {
  await using started = await startWithBucket();
  const { target, objects, server, mary } = started;
  const client = await server.imap(mary);
  const database = openDatabase(target, { applicationName: 'kill test', maxConnections: 2 });
  const held = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holding = database.sql.begin(async (tx) => {
    await tx`set local idle_in_transaction_session_timeout = 0`;
    await tx`select from accounts for update`;
    held.resolve();
    await release.promise;
  });
  await held.promise;
  const content = `Subject: large\r\n\r\n${randomBytes(MB).toString('base64')}`;
  const appended = client.append('INBOX', content).catch((error: unknown) => error);
  // The object is there, and the append waits for the account's row.
  for (let waiting = 0; waiting === 0 || objects.objects.size === 0; ) {
    const [row] = await database.sql<{ waiting: number }[]>`
      select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like '%append_messages%'`;
    waiting = row?.waiting ?? 0;
  }
  const killed = server.pidOf('imap-1');
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => server.pidOf('imap-1')).not.toBe(killed);
  await appended;
  // Postgres finds out that nobody waits for an answer when it has done what it was asked: this must not be.
  await database.sql`
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`;
  release.resolve();
  await holding;
  expect(await database.sql`select from contents where blob_name is not null`).toHaveLength(0);
  expect(objects.objects.size).toBe(1);

  const blobs = await openBlobs({ s3: { ...objects.settings(), pathStyle: true } });
  const { signal } = new AbortController();
  for (const object of objects.objects.values()) object.modifiedAt = new Date(Date.now() - 2 * 86_400_000);
  expect(await sweepBlobs(database, blobs, { graceMs: 86_400_000, signal })).toBe(1);
  expect(objects.objects.size).toBe(0);
  blobs.close();

  await expect
    .poll(() =>
      server
        .imap(mary)
        .then((again) => again.close())
        .then(
          () => true,
          () => false,
        ),
    )
    .toBe(true);
  const again = await server.imap(mary);
  await again.append('INBOX', content);
  await again.mailboxOpen('INBOX');
  const message = await again.fetchOne('1', { source: true });
  const source = message === false ? undefined : message.source;
  expect(
    createHash('sha256')
      .update(source ?? '')
      .digest('hex'),
  ).toBe(createHash('sha256').update(content).digest('hex'));
  again.close();
  client.close();
  await database.close();
});
