import { ScriptedResolver } from '@postel/dns';
import { ResultCounter, ResultTable, StsPolicyTable, TlsMemory } from '@postel/queue';
import { createLog } from '@postel/supervision';
import { makeTestCertificate, PolicyWeb } from '@postel/testkit';
import { StsPolicies } from '@postel/tls-policy';
import { expect, test } from 'vitest';
import { startQueue } from './testing/start-relay.ts';
import { TlsResults } from './tls-results.ts';
import { TlsUpkeep } from './tls-upkeep.ts';

const POLICY = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 604800\r\n';

test('policies in use are fetched anew, what is over is forgotten, and what was counted is written down at the end', async () => {
  const root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  await using web = await PolicyWeb.start(await makeTestCertificate({ names: ['mta-sts.example.org'], issuer: root }));
  web.serve(POLICY);
  await using queue = await startQueue();
  const { sql } = queue;
  await sql`
    insert into sts_policies (domain, policy_id, policy, fetched_at, expires_at, refresh_at)
    values ('example.org', '1', 'old', now() - interval '2 days', now() + interval '1 day', now() - interval '1 day'),
           ('over.example', '1', 'old', now() - interval '2 days', now() - interval '1 day', now())`;
  await sql`insert into tls_hosts (host, key_hash, seen_at) values ('mx.example.org', '\\x00', now() - interval '181 days')`;

  const resolver = new ScriptedResolver({ 'mta-sts.example.org': { A: ['127.0.0.1'] } });
  const table = new StsPolicyTable(sql);
  const policies = new StsPolicies({
    store: table,
    resolver,
    web: { resolver, authorities: root.cert, isReachable: () => true, port: web.port },
    onFailure: () => {},
  });
  const resultTable = new ResultTable(sql, 'tls');
  const results = new TlsResults(new ResultCounter(resultTable));
  const log = createLog({ name: 'relay-test', file: '/dev/null' });
  const upkeep = new TlsUpkeep({
    policies,
    table,
    memory: new TlsMemory(sql),
    results,
    resultTable,
    reporter: null,
    log,
  });
  upkeep.start();
  const left = async () => ({
    policies: await sql<
      { domain: string; isNew: boolean }[]
    >`select domain, policy = ${POLICY} as "isNew" from sts_policies`,
    hosts: (await sql`select from tls_hosts`).length,
  });
  const done = { policies: [{ domain: 'example.org', isNew: true }], hosts: 0 };
  for (let now = await left(); JSON.stringify(now) !== JSON.stringify(done); now = await left());

  const policy = { type: 'no-policy-found', domain: 'example.org', lines: [], mx: [] } as const;
  results.count('example.org', { policy, failure: null, host: 'mx.example.org', address: '192.0.2.1' });
  results.count('example.org', { policy, failure: null, host: 'mx2.example.org', address: '192.0.2.2' });
  await upkeep.stop();
  // What went well is one number for the domain, whichever the host.
  expect(await sql`select domain, sessions from tls_results`).toEqual([{ domain: 'example.org', sessions: 2 }]);
});

test('it stops at once, also while a web server says nothing', async () => {
  const root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  await using web = await PolicyWeb.start(await makeTestCertificate({ names: ['mta-sts.example.org'], issuer: root }));
  const asked = Promise.withResolvers<void>();
  web.answer = () => asked.resolve(); // and nothing more
  await using queue = await startQueue();
  const { sql } = queue;
  await sql`
    insert into sts_policies (domain, policy_id, policy, fetched_at, expires_at, refresh_at)
    values ('example.org', '1', ${POLICY}, now() - interval '2 days', now() + interval '1 day', now() - interval '1 day')`;
  const resolver = new ScriptedResolver({ 'mta-sts.example.org': { A: ['127.0.0.1'] } });
  const table = new StsPolicyTable(sql);
  const ending = new AbortController();
  const policies = new StsPolicies({
    store: table,
    resolver,
    web: { resolver, authorities: root.cert, isReachable: () => true, port: web.port, signal: ending.signal },
    onFailure: () => {},
  });
  const resultTable = new ResultTable(sql, 'tls');
  const upkeep = new TlsUpkeep({
    policies,
    table,
    memory: new TlsMemory(sql),
    results: new TlsResults(new ResultCounter(resultTable)),
    resultTable,
    reporter: null,
    log: createLog({ name: 'relay-test', file: '/dev/null' }),
  });
  upkeep.start();
  await asked.promise;
  ending.abort();
  await upkeep.stop();
  // What was had before stays.
  expect(await sql`select policy = ${POLICY} as "isKept" from sts_policies`).toEqual([{ isKept: true }]);
}, 20_000);
