/** Rspamd itself. */
import { createLog, Registry } from '@postel/supervision';
import { requirePrograms } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import { Rspamd } from './rspamd.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { RspamdServer } from './testing/rspamd-server.ts';

function messageAbout(subject: string) {
  const octets = Buffer.from(`From: x@elsewhere.example\r\nSubject: ${subject}\r\n\r\nhello\r\n`);
  return {
    content: {
      sizeOctets: octets.length,
      async *read() {
        yield octets;
      },
    },
    id: '0123456789-1',
    clientAddress: '2001:db8::7',
    clientName: 'mx.elsewhere.example',
    clientHost: 'host.elsewhere.example',
    reversePath: 'x@elsewhere.example',
    forwardPaths: ['mary@localhost', 'peter@localhost'],
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  };
}

test('an Rspamd understands what it is told, and is understood', { timeout: 60_000 }, async ({ skip }) => {
  requirePrograms(skip, 'rspamd');
  await using server = await RspamdServer.start();
  await vi.waitFor(() => fetch(`${server.url}/ping`), { timeout: 50_000, interval: 100 });
  const rspamd = new Rspamd({
    target: { url: server.url, password: null },
    hostname: 'localhost',
    metrics: new SmtpMetrics(new Registry()),
    log: createLog({ name: 'test', file: '/dev/null' }),
    now: () => performance.now(),
  });
  expect(await rspamd.check(messageAbout('says'))).toMatchObject({
    action: 'no action',
    advice: 'take',
    score: 0,
    requiredScore: 15,
    fields:
      'X-Told: 2001:db8::7; mx.elsewhere.example; host.elsewhere.example; <x@elsewhere.example>; ' +
      '<mary@localhost> <peter@localhost>; 0123456789-1\r\n',
  });
  expect(await rspamd.check({ ...messageAbout('says'), reversePath: '', clientHost: null, tls: null })).toMatchObject({
    fields: expect.stringContaining('; none; <>; <mary@localhost>'),
  });
  expect(await rspamd.check(messageAbout('junk'))).toMatchObject({
    action: 'add header',
    advice: 'junk',
    score: 7.5,
    symbols: ['SUBJECT_JUNK'],
  });
  expect(await rspamd.check(messageAbout('bad'))).toMatchObject({ action: 'reject', advice: 'reject', score: 20 });
  expect(await rspamd.check(messageAbout('later'))).toMatchObject({ advice: 'defer', text: 'Come back later' });
});
