import { gunzipSync } from 'node:zlib';
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { ResultTable } from '@postel/queue';
import { createLog, Registry } from '@postel/supervision';
import { type MadeCertificate, makeTestCertificate, PolicyWeb } from '@postel/testkit';
import { beforeAll, expect, test } from 'vitest';
import { ReportMetrics } from './report-metrics.ts';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';
import { TlsReporter } from './tls-reporter.ts';

const TEXT = 'From: mary@example.com\r\nSubject: hello\r\n\r\nfirst\r\n';
const POLICY = 'version: STSv1\r\nmode: testing\r\nmx: mx.example.org\r\nmax_age: 604800\r\n';
const ZONE: Readonly<Record<string, ScriptedName>> = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
  'mta-sts.example.org': { A: ['127.0.0.1'] },
  '_mta-sts.example.org': { TXT: ['v=STSv1; id=1;'] },
};

let root: MadeCertificate;
let web: MadeCertificate;

beforeAll(async () => {
  root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  web = await makeTestCertificate({ names: ['mta-sts.example.org', 'reports.example.org'], issuer: root });
});

/** Sends a message to a server without TLS, whose policy would have it otherwise, yesterday. */
async function sendYesterday(queue: TestQueue, remote: RemoteServer, policies: PolicyWeb): Promise<void> {
  policies.serve(POLICY);
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  {
    const trust = { port: policies.port, authorities: root.cert };
    await using _ = await queue.startRelay({ zone: ZONE, port: remote.port, web: trust });
    await remote.messages(1);
    await queue.settled();
  }
  await queue.sql`update tls_results set day = day - 2`;
}

function reporterOf(queue: TestQueue, zone: Readonly<Record<string, ScriptedName>>, webPort = 443): TlsReporter {
  const resolver = new ScriptedResolver(zone);
  return new TlsReporter({
    table: new ResultTable(queue.sql, 'tls'),
    queue: queue.queue,
    resolver,
    web: { resolver, authorities: root.cert, isReachable: () => true, port: webPort },
    hostname: 'mail.example.com',
    log: createLog({ name: 'relay-test', file: '/dev/null' }),
    metrics: new ReportMetrics(new Registry()),
  });
}

const left = async (queue: TestQueue) => (await queue.sql`select from tls_results`).length;
const always = () => true;

test('a domain is told by mail what came of TLS, whatever its policy says of that mail', async () => {
  await using remote = await RemoteServer.start();
  await using policies = await PolicyWeb.start(web);
  await using queue = await startQueue();
  await sendYesterday(queue, remote, policies);
  expect(await left(queue)).toBe(1);
  const zone = { ...ZONE, '_smtp._tls.example.org': { TXT: ['v=TLSRPTv1; rua=mailto:tls@example.org'] } };
  await reporterOf(queue, zone).report(always);
  expect(await left(queue)).toBe(0);

  // The policy is enforced by now, and the report goes all the same.
  await queue.sql`update sts_policies set policy = replace(policy, 'testing', 'enforce')`;
  {
    await using _ = await queue.startRelay({ zone, port: remote.port });
    await remote.messages(2);
    await queue.settled();
  }
  const [, report] = remote.received;
  expect(report?.mail).toMatch(/^MAIL FROM:<> /);
  expect(report?.rcpts).toEqual(['RCPT TO:<tls@example.org> NOTIFY=NEVER']);
  const message = report?.message ?? '';
  expect(message).toMatch(
    /\nSubject: Report Domain: example\.org\n Submitter: mail\.example\.com\n Report-ID: <[0-9-]{10}\.example\.org@mail\.example\.com>\n/,
  );
  expect(message).toContain('\nTLS-Report-Domain: example.org\nTLS-Report-Submitter: mail.example.com\n');
  const [, base64 = ''] =
    /filename="mail\.example\.com!example\.org![0-9]+![0-9]+\.json\.gz"\n\n([\w+/=\n]+)\n--/.exec(message) ?? [];
  const json = JSON.parse(gunzipSync(Buffer.from(base64, 'base64')).toString());
  expect(json).toMatchObject({
    'contact-info': 'postmaster@mail.example.com',
    policies: [
      {
        policy: { 'policy-type': 'sts', 'policy-domain': 'example.org', 'mx-host': ['mx.example.org'] },
        summary: { 'total-successful-session-count': 0, 'total-failure-session-count': 1 },
        'failure-details': [
          {
            'result-type': 'starttls-not-supported',
            'receiving-mx-hostname': 'mx.example.org',
            'receiving-ip': '127.0.0.1',
            'failed-session-count': 1,
          },
        ],
      },
    ],
  });
  // Of the report nothing is reported, or there would be one each day for ever.
  expect(await left(queue)).toBe(0);
});

test('a domain is told by its web server, and again later if that does not take it', async () => {
  await using remote = await RemoteServer.start();
  await using policies = await PolicyWeb.start(web);
  await using queue = await startQueue();
  await sendYesterday(queue, remote, policies);
  const taken: Buffer[] = [];
  let status = 503;
  policies.answer = async (response, request) => {
    expect(request.headers['content-type']).toBe('application/tlsrpt+gzip');
    expect(request.method).toBe('POST');
    taken.push(Buffer.concat(await request.toArray()));
    response.writeHead(status).end();
  };
  const zone = {
    '_smtp._tls.example.org': { TXT: ['v=TLSRPTv1; rua=https://reports.example.org/tls?x=y'] },
    'reports.example.org': { A: ['127.0.0.1'] },
  };
  const reporter = reporterOf(queue, zone, policies.port);
  await reporter.report(always);
  expect(await left(queue)).toBe(1);
  status = 201;
  await reporter.report(always);
  expect(taken).toHaveLength(1);
  await queue.sql`update tls_results set taken_at = taken_at - interval '61 minutes'`;
  await reporter.report(always);
  expect(await left(queue)).toBe(0);
  expect(policies.asked.at(-1)).toBe(`reports.example.org:${policies.port} /tls?x=y`);
  expect(taken).toHaveLength(2);
  expect(JSON.parse(gunzipSync(taken[1] ?? Buffer.alloc(0)).toString())['report-id']).toMatch(/\.example\.org$/);
});

test('a domain that asks for no reports gets none, and one that cannot be asked is asked again', async () => {
  await using remote = await RemoteServer.start();
  await using policies = await PolicyWeb.start(web);
  await using queue = await startQueue();
  await sendYesterday(queue, remote, policies);
  await reporterOf(queue, { '_smtp._tls.example.org': 'temporary' }).report(always);
  expect(await left(queue)).toBe(1);
  await queue.sql`update tls_results set taken_at = null`;
  await reporterOf(queue, {}).report(always);
  expect(await left(queue)).toBe(0);
  expect(await queue.sql`select from queue_recipients where state = 'waiting'`).toHaveLength(0);
});
