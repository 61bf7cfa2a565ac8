import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DataDirectory } from '../data-directory/data-directory.ts';
import { ensureLocalCertificates } from './ensure-local-certificates.ts';
import { areCertificatesGood, serverFiles } from './local-certificates.ts';

const DAY_MS = 86_400_000;

let directory: DataDirectory;
beforeEach(async () => {
  directory = new DataDirectory(mkdtempSync(join(tmpdir(), 'postel-certificates-')));
  await directory.make();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory.path, { recursive: true });
});

test.for(['localhost', '127.0.0.1', '::1'])(
  'a client that trusts the authority accepts the server as %s',
  async (host) => {
    await ensureLocalCertificates(directory, () => {});
    const { certFile, keyFile } = serverFiles(directory);
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const identity = host === 'localhost' ? { servername: host } : { host };
    const client = connect({ port, ca: readFileSync(directory.authority), ...identity, host: '127.0.0.1' });
    await once(client, 'secureConnect');
    expect(client.authorized).toBe(true);
    expect(new X509Certificate(client.getPeerCertificate().raw).checkIP('::1')).toBe('::1');
    client.destroy();
    server.close();
  },
);

test('what is good is kept', async () => {
  await ensureLocalCertificates(directory, () => {});
  const { certFile } = serverFiles(directory);
  const before = [readFileSync(directory.authority), readFileSync(certFile)];
  const made: string[] = [];
  await ensureLocalCertificates(directory, (line) => made.push(line));
  expect(made).toEqual([]);
  expect(await areCertificatesGood(directory)).toBe(true);
  expect([readFileSync(directory.authority), readFileSync(certFile)]).toEqual(before);
});

test('a certificate near its end is renewed by the same authority', async () => {
  await ensureLocalCertificates(directory, () => {});
  const { certFile } = serverFiles(directory);
  const authority = readFileSync(directory.authority);
  const before = readFileSync(certFile);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 370 * DAY_MS });
  expect(await areCertificatesGood(directory)).toBe(false);
  await ensureLocalCertificates(directory, () => {});
  expect(readFileSync(directory.authority)).toEqual(authority);
  expect(readFileSync(certFile)).not.toEqual(before);
});

test.for([
  ['a key that is another one', 'server-key.pem', 'ca-key.pem'],
  ['a certificate cut in half', 'server.pem', null],
] as const)('%s is replaced', async ([, name, by]) => {
  await ensureLocalCertificates(directory, () => {});
  const files = serverFiles(directory);
  const path = join(directory.certificates, name);
  writeFileSync(
    path,
    by === null ? readFileSync(path).subarray(0, 200) : readFileSync(join(directory.certificates, by)),
  );
  await ensureLocalCertificates(directory, () => {});
  const certificate = new X509Certificate(readFileSync(files.certFile));
  expect(certificate.verify(new X509Certificate(readFileSync(directory.authority)).publicKey)).toBe(true);
  expect(statSync(files.keyFile).mode & 0o777).toBe(0o600);
});
