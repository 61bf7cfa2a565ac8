import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemServers } from './system-servers.ts';

const server = (address: string, isTrusted: boolean) => ({ address, port: 53, isTrusted });

test.each([
  ['nameserver 127.0.0.53\noptions edns0 trust-ad\n', [server('127.0.0.53', true)]],
  [
    '# of this network\nnameserver\t192.0.2.1 # first\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.4\n',
    [server('192.0.2.1', false), server('::1', true), server('fe80::1%eth0', false)],
  ],
  ['nameserver dns.example\nsearch example.com\n', [server('127.0.0.1', true)]],
  [null, [server('127.0.0.1', true)]],
])('%j', async (text, servers) => {
  const directory = await mkdtemp(join(tmpdir(), 'resolv-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'resolv.conf');
  if (text !== null) await writeFile(file, text);
  expect(systemServers(file)).toEqual(servers);
});
