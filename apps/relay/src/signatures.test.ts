/** What leaves is signed (DKIM): as another server gets it, and by verifiers that are not ours. */
import type { DkimKeySummary } from '@postel/directory';
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { dkimRecordName } from '@postel/domain-records';
import { formatDkimRecord, MessageSigner, MessageVerifier } from '@postel/message-auth';
import { createLog, Registry } from '@postel/supervision';
import { requirePrograms, verifyByDkimpy } from '@postel/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { OutgoingSignatures } from './outgoing-signatures.ts';
import { RelayMetrics } from './relay-metrics.ts';
import { type Received, RemoteServer } from './testing/remote-server.ts';
import { ENVELOPE, startQueue, type TestQueue } from './testing/start-relay.ts';

const TEXT = 'From: Mary <mary@example.com>\r\nSubject: hello\r\n\r\nfirst\r\n.dot\r\n';
const ZONE = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
};
const FROM_EXAMPLE = { signers: ['example.com'] };
const TO_BOB = [{ forwardPath: 'bob@example.org' }];

const recordOf = (key: DkimKeySummary) => formatDkimRecord(key.subjectPublicKeyInfo);

/** Adds a domain, and gives its keys as the DNS has them. */
async function addDomain({ directory }: TestQueue, domain: string) {
  await directory.addDomain(domain);
  const keys = await directory.dkimKeys.list(domain);
  const records = Object.fromEntries(keys.map((key) => [dkimRecordName(key), recordOf(key)]));
  const zone = Object.fromEntries(Object.entries(records).map(([name, record]) => [name, { TXT: [record] }]));
  return { records, zone, selectors: keys.map(({ selector }) => selector) };
}

/** As it was sent: lines that begin with dots have one more on the wire. */
function octetsOf({ message }: Received): Buffer {
  return Buffer.from(`${message.replaceAll(/^\./gm, '').replaceAll('\n', '\r\n')}\r\n`);
}

async function dkimOf(message: Buffer, zone: Readonly<Record<string, ScriptedName>>) {
  const resolver = new ScriptedResolver(zone);
  const verifier = new MessageVerifier({ resolver, hostname: 'mx.example.org', onError: () => {}, workers: 1 });
  onTestFinished(() => verifier.close());
  const envelope = { clientAddress: '192.0.2.1', clientName: 'mail.example.com', reversePath: 'mary@example.com' };
  const check = verifier.begin(envelope, 5_000);
  await check.push(message);
  return (await check.finish()).dkim;
}

const signaturesIn = ({ message }: Received) =>
  message.split('\n').filter((line) => line.startsWith('DKIM-Signature:'));

test('what leaves is signed by both keys of its author’s domain, once the DNS has them', async ({ skip }) => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  const { records, zone } = await addDomain(queue, 'example.com');
  await queue.put(TEXT, FROM_EXAMPLE, TO_BOB);
  await using _ = await queue.startRelay({ zone: { ...ZONE, ...zone }, port: remote.port });
  const [received] = await remote.messages(1);
  if (received === undefined) throw new Error('nothing was received');
  const message = octetsOf(received);
  expect(message.toString()).toMatch(/^DKIM-Signature: v=1; a=ed25519-sha256;.*\r\nFrom: Mary.*\r\n\.dot\r\n$/s);
  expect(received.mail).toBe(`MAIL FROM:<mary@example.com> SIZE=${message.length}`);
  expect(await dkimOf(message, zone)).toMatchObject([
    { result: 'pass', domain: 'example.com', algorithm: 'ed25519-sha256' },
    { result: 'pass', domain: 'example.com', algorithm: 'rsa-sha256' },
  ]);
  expect((await queue.directory.dkimKeys.list('example.com')).map(({ state }) => state)).toEqual(['active', 'active']);
  const [change] = await queue.directory.listChanges({ account: null, since: new Date(0), limit: 1 });
  expect(change).toMatchObject({ door: 'server', actor: 'relay', name: 'example.com' });

  requirePrograms(skip, 'dkimverify');
  expect(await verifyByDkimpy(message, records)).toEqual([true, true]);
});

test('a key that the DNS does not have signs nothing, and mail leaves all the same', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  const { zone, selectors } = await addDomain(queue, 'example.com');
  const half = Object.fromEntries(Object.entries(zone).filter(([name]) => name.startsWith('rsa-')));
  await queue.put(TEXT, FROM_EXAMPLE, TO_BOB);
  await using _ = await queue.startRelay({ zone: { ...ZONE, ...half }, port: remote.port });
  const [received] = await remote.messages(1);
  if (received === undefined) throw new Error('nothing was received');
  expect(signaturesIn(received)).toHaveLength(1);
  expect(received.message).toContain(`s=${selectors[1]};`);
});

test('the members of an alias elsewhere get what its author has signed, whole and alone', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  const own = await addDomain(queue, 'example.com');
  await queue.directory.dkimKeys.activate('example.com', own.selectors[0] ?? '');
  const author = await addDomain(queue, 'author.example');
  const signer = new MessageSigner({ workers: 1 });
  onTestFinished(() => signer.close());
  await queue.directory.dkimKeys.activate('author.example', author.selectors[0] ?? '');
  const signatures = new OutgoingSignatures({
    directory: queue.directory,
    resolver: new ScriptedResolver({}),
    signer,
    log: createLog({ name: 'test', file: '/dev/null' }),
    metrics: new RelayMetrics(new Registry(), queue.queue),
  });
  const theirs = TEXT.replaceAll('example.com', 'author.example');
  const what = { id: '1', name: 'theirs', signers: ['author.example'] };
  const signature = await signatures.of(what, Buffer.alloc(0), async function* () {
    yield Buffer.from(theirs);
  });
  await queue.put(`${signature}${theirs}`, { signers: [] }, [
    { forwardPath: 'bob@example.org', alias: 'team@example.com' },
  ]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const [received] = await remote.messages(1);
  if (received === undefined) throw new Error('nothing was received');
  expect(received.message).toMatch(/^Delivered-To: team@example\.com\nDKIM-Signature: .*d=author\.example;/s);
  expect(signaturesIn(received)).toHaveLength(1);
  expect(await dkimOf(octetsOf(received), author.zone)).toMatchObject([{ result: 'pass', domain: 'author.example' }]);
});

test('a report to a sender elsewhere is signed by the domain above the host', async () => {
  await using remote = await RemoteServer.start((line) =>
    line.includes('nobody@') ? '550 5.1.1 No such person' : null,
  );
  await using queue = await startQueue();
  const { zone } = await addDomain(queue, 'example.com');
  await queue.put(TEXT, { envelope: { ...ENVELOPE, reversePath: 'ann@example.org' } }, [
    { forwardPath: 'nobody@example.org' },
  ]);
  await using _ = await queue.startRelay({ zone: { ...ZONE, ...zone }, port: remote.port });
  const [report] = await remote.messages(1);
  if (report === undefined) throw new Error('nothing was received');
  expect(report).toMatchObject({
    mail: expect.stringContaining('MAIL FROM:<>'),
    rcpts: ['RCPT TO:<ann@example.org> NOTIFY=NEVER'],
  });
  expect(report.message).toMatch(/^From: .*<postmaster@mail\.example\.com>$/m);
  expect(await dkimOf(octetsOf(report), zone)).toMatchObject([
    { result: 'pass', domain: 'example.com' },
    { result: 'pass', domain: 'example.com' },
  ]);
});

test('the body is read once for all domains that a message goes to, and a failure is not remembered', async () => {
  await using queue = await startQueue();
  const { selectors } = await addDomain(queue, 'example.com');
  await queue.directory.dkimKeys.activate('example.com', selectors[0] ?? '');
  const resolver = new ScriptedResolver({});
  let isBroken = true;
  let signed = 0;
  const signer = {
    async sign() {
      signed++;
      if (isBroken) throw new Error('the thread has failed');
      return 'DKIM-Signature: x\r\n';
    },
  };
  let nowMs = 0;
  const signatures = new OutgoingSignatures({
    directory: queue.directory,
    resolver,
    signer,
    log: createLog({ name: 'test', file: '/dev/null' }),
    metrics: new RelayMetrics(new Registry(), queue.queue),
    now: () => nowMs,
  });
  const read = async function* () {
    yield Buffer.from(TEXT);
  };
  const of = (id: string, fields = '') =>
    signatures.of({ id, name: 'm', signers: ['example.com'] }, Buffer.from(fields), read);
  await expect(of('1')).rejects.toThrow('the thread has failed');
  isBroken = false;
  await Promise.all([of('1'), of('1'), of('1')]);
  expect(signed).toBe(2);
  await of('2');
  await of('1', 'List-Id: <a.example.com>\r\n');
  expect(signed).toBe(4);
  nowMs = 5 * 60_000;
  await of('1');
  expect(signed).toBe(5);
  // The key that waits is looked for every 5 minutes, and nobody waits for that.
  const looks = () => resolver.questions.filter((question) => question.startsWith('TXT rsa-')).length;
  await expect.poll(looks).toBe(2);
});

test('a message with a header section that is too long leaves without a signature', async () => {
  await using remote = await RemoteServer.start(undefined, ['PIPELINING']);
  await using queue = await startQueue();
  const { zone } = await addDomain(queue, 'example.com');
  const fields = `X-Long: ${'x'.repeat(900)}\r\n`.repeat(150);
  await queue.put(`${fields}${TEXT}`, FROM_EXAMPLE, TO_BOB);
  await using _ = await queue.startRelay({ zone: { ...ZONE, ...zone }, port: remote.port });
  const [received] = await remote.messages(1);
  expect(received?.message).toMatch(/^X-Long: /);
});
