import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Tlsa } from '@postel/dns';
import { type CertificateWishes, makeTestCertificate, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { serveChain } from './testing/serve-chain.ts';
import { shakeHands } from './testing/shake-hands.ts';
import { tlsaOf } from './testing/tlsa-of.ts';
import { formatTlsa, usableRecords } from './tlsa-records.ts';
import { verifyDane } from './verify-dane.ts';

const HOST = 'mx.example.org';
const run = promisify(execFile);

/** What OpenSSL makes of a server by TLSA records, without comparing names for DANE-EE (RFC 7672 §3.1.1). */
async function verifyByOpenssl(records: readonly Tlsa[], port: number): Promise<boolean> {
  const tlsa = records.flatMap((record) => ['-dane_tlsa_rrdata', formatTlsa(record)]);
  const place = ['-connect', `127.0.0.1:${port}`, '-servername', HOST];
  const args = [
    's_client',
    ...place,
    '-dane_tlsa_domain',
    HOST,
    '-dane_ee_no_namechecks',
    '-verify_return_error',
    ...tlsa,
  ];
  const running = run('openssl', args);
  running.child.stdin?.end('Q\n');
  return await running.then(
    () => true,
    () => false,
  );
}

/** Records, of which certificate each (of the server, who has signed it, who has signed that, or nobody here), and what is odd about the first two. */
test.for<[readonly string[], boolean, CertificateWishes?, CertificateWishes?]>([
  [['3 1 1 server'], true],
  [['3 0 2 server'], true],
  [['3 1 0 server'], true],
  [['3 1 1 stranger'], false],
  [['3 1 1 middle'], false],
  [['3 1 1 stranger', '3 1 1 server'], true],
  [['3 1 2 stranger', '3 1 1 server'], false],
  [['3 1 1 server'], true, { names: ['other.example'], fromDays: -3, toDays: -1 }],
  [['2 1 1 middle'], true],
  [['2 0 1 root'], true],
  [['2 0 0 root'], true],
  [['2 1 0 root'], true],
  [['2 1 1 stranger'], false],
  [['2 0 0 stranger'], false],
  [['2 1 1 server'], false],
  [['2 1 1 middle', '3 1 1 stranger'], true],
  [['2 1 1 middle'], false, { names: ['other.example'] }],
  [['2 1 1 middle'], true, { names: ['*.example.org'] }],
  [['2 1 1 middle'], true, { names: [], commonName: HOST }],
  [['2 1 1 middle'], false, { names: ['other.example'], commonName: HOST }],
  [['2 1 1 middle'], false, { names: [HOST], fromDays: -3, toDays: -1 }],
  [['2 1 1 middle'], false, { names: [HOST], fromDays: 1 }],
  [['2 1 1 middle'], false, { names: [HOST], isForClients: true }],
  [['2 1 1 root'], false, { names: [HOST] }, { isAuthority: false }],
  [['2 1 1 root'], false, { names: [HOST] }, { toDays: -1, fromDays: -3 }],
  [['2 1 1 root'], true, { names: [HOST] }, { pathLength: 0 }],
])(
  'OpenSSL says the same of %j: %s (%j, %j)',
  async ([named, expected, server = { names: [HOST] }, middle = {}], { skip }) => {
    requirePrograms(skip, 'openssl');
    const root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
    const between = await makeTestCertificate({ commonName: 'middle', isAuthority: true, issuer: root, ...middle });
    const made = {
      root,
      middle: between,
      server: await makeTestCertificate({ issuer: between, ...server }),
      stranger: await makeTestCertificate({ commonName: 'root', isAuthority: true }),
    };
    const records = named.map((text) => {
      const of = text.slice(6) as keyof typeof made;
      return tlsaOf(text.slice(0, 5), made[of]);
    });
    const chain = [made.server, made.middle, root] as const;
    const ours = verifyDane(usableRecords(records), [HOST], await shakeHands(chain), new Date());
    await using listener = await serveChain(chain);
    expect([ours === null, await verifyByOpenssl(records, listener.port)]).toEqual([expected, expected]);
  },
);
