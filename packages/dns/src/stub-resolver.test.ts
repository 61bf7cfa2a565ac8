import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Answer } from 'dns-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lookUpAddresses, lookUpMx } from './questions.ts';
import { StubResolver, type StubResolverOptions } from './stub-resolver.ts';
import { packetOf, type ScriptedAnswer, ScriptedServer } from './testing/scripted-server.ts';

const a = (name: string, data: string, ttl = 300): Answer => ({ name, type: 'A', ttl, data });
const alias = (name: string, data: string, ttl = 300): Answer => ({ name, type: 'CNAME', ttl, data });
const soa = (name: string, ttl: number, minimum: number): Answer => ({
  name,
  type: 'SOA',
  ttl,
  data: { mname: 'ns.example', rname: 'root.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});

/** A server that answers by the table, and NXDOMAIN to all else, and a resolver that asks it. */
async function start(
  zone: Readonly<Record<string, ScriptedAnswer>>,
  { isTrusted = false, ...options }: Partial<StubResolverOptions> & { readonly isTrusted?: boolean } = {},
) {
  const table = new Map(Object.entries(zone));
  const server = await ScriptedServer.start(
    (name, type) => table.get(`${type} ${name}`) ?? table.get(name) ?? { code: 3 },
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, resolver: new StubResolver({ servers: () => [server.server(isTrusted)], ...options }) };
}

test('finds the addresses of a host', async () => {
  const { resolver, server } = await start({
    'A mx.example': { answers: [a('mx.example', '192.0.2.1'), a('MX.example', '192.0.2.2')] },
    'AAAA mx.example': { answers: [{ name: 'mx.example', type: 'AAAA', ttl: 1, data: '2001:db8::1' }] },
  });
  expect(await lookUpAddresses(resolver, 'MX.Example.')).toEqual({
    kind: 'found',
    records: ['192.0.2.1', '192.0.2.2', '2001:db8::1'],
    authentic: false,
  });
  const [query] = server.queries;
  const option = query?.additionals?.[0];
  expect(option).toMatchObject({ type: 'OPT', udpPayloadSize: 1_232, flag_do: true });
  expect(query).toMatchObject({ flag_rd: true, flag_ad: true });
});

test.each([
  ['no such type', { authorities: [soa('example', 60, 60)] }, { kind: 'nodata', authentic: false }],
  ['no such name: hardening 61: NXDOMAIN', { code: 3 }, { kind: 'nxdomain', authentic: false }],
  ['hardening 61: SERVFAIL is temporary', { code: 2 }, { kind: 'temporary', reason: 'SERVFAIL' }],
  ['REFUSED is temporary', { code: 5 }, { kind: 'temporary', reason: 'response code 5' }],
  ['hardening 61: what DNSSEC proves wrong is bogus', { code: 2, extendedError: 6 }, { kind: 'bogus' }],
  ['an expired signature is bogus', { code: 2, extendedError: 7 }, { kind: 'bogus' }],
  ['another extended error is temporary', { code: 2, extendedError: 22 }, { kind: 'temporary', reason: 'SERVFAIL' }],
] as const)('%s', async (_, script, answer) => {
  const { resolver } = await start({ 'A host.example': script });
  expect(await resolver.lookUp('host.example', 'A')).toEqual(answer);
});

test('takes the word of a trusted server alone that an answer is authentic', async () => {
  const script = { 'A host.example': { answers: [a('host.example', '192.0.2.1')], isAuthentic: true } };
  const trusting = await start(script, { isTrusted: true });
  const wary = await start(script);
  expect(await trusting.resolver.lookUp('host.example', 'A')).toMatchObject({ kind: 'found', authentic: true });
  expect(await wary.resolver.lookUp('host.example', 'A')).toMatchObject({ kind: 'found', authentic: false });
});

test('asks over TCP when the answer does not fit', async () => {
  const { resolver, server } = await start({
    'A host.example': { answers: [a('host.example', '192.0.2.1')], isTruncated: true },
  });
  expect(await resolver.lookUp('host.example', 'A')).toMatchObject({ kind: 'found', records: ['192.0.2.1'] });
  expect(server.questions).toEqual(['udp A host.example', 'tcp A host.example']);
});

test('asks without EDNS a server that does not know it', async () => {
  const server = await ScriptedServer.start((name, _, query) =>
    query.additionals?.length === 0 ? { answers: [a(name, '192.0.2.1')] } : { code: 1 },
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  const resolver = new StubResolver({ servers: () => [server.server()] });
  expect(await resolver.lookUp('old.example', 'A')).toMatchObject({ kind: 'found' });
});

test('hardening 61: a TXT record of 64 kB is read whole', async () => {
  const strings = new Array<string>(250).fill('x'.repeat(255));
  const { resolver } = await start({
    'TXT big.example': { answers: [{ name: 'big.example', type: 'TXT', ttl: 1, data: strings }], isTruncated: true },
  });
  const answer = await resolver.lookUp('big.example', 'TXT');
  expect(answer.kind === 'found' && answer.records.map((text) => text.length)).toEqual([63_750]);
});

describe('MX', () => {
  const mx = (preference: number, exchange: string): Answer => ({
    name: 'example.com',
    type: 'MX',
    ttl: 300,
    data: { preference, exchange },
  });

  test('the lowest preference comes first', async () => {
    const { resolver } = await start({ 'example.com': { answers: [mx(20, 'b.example'), mx(10, 'A.example')] } });
    expect(await lookUpMx(resolver, 'example.com')).toMatchObject({
      records: [
        { preference: 10, exchange: 'a.example' },
        { preference: 20, exchange: 'b.example' },
      ],
    });
  });

  test('hardening 61: null MX', async () => {
    const { resolver } = await start({ 'example.com': { answers: [mx(0, '.')] } });
    expect(await lookUpMx(resolver, 'example.com')).toEqual({ kind: 'null-mx', authentic: false });
  });

  test('a null MX beside others means nothing', async () => {
    const { resolver } = await start({ 'example.com': { answers: [mx(0, '.'), mx(5, 'a.example')] } });
    expect(await lookUpMx(resolver, 'example.com')).toMatchObject({ records: [{ exchange: 'a.example' }] });
  });

  test('hardening 61: of 1,000 MX a hundred are kept', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => mx(i, `${i}.example`));
    const { resolver } = await start({ 'example.com': { answers: many, isTruncated: true } });
    const answer = await lookUpMx(resolver, 'example.com');
    expect(answer.kind === 'found' && answer.records.length).toBe(100);
  });
});

describe('aliases', () => {
  test('are followed within an answer', async () => {
    const { resolver, server } = await start({
      'A www.example': { answers: [alias('www.example', 'Web.example'), a('web.example', '192.0.2.7')] },
    });
    expect(await resolver.lookUp('www.example', 'A')).toMatchObject({ kind: 'found', records: ['192.0.2.7'] });
    expect(server.questions).toHaveLength(1);
  });

  test('are followed by another question where the server stops, and must all be authentic', async () => {
    const { resolver } = await start(
      {
        'A www.example': { answers: [alias('www.example', 'web.example')] },
        'A web.example': { answers: [a('web.example', '192.0.2.7')], isAuthentic: true },
      },
      { isTrusted: true },
    );
    expect(await resolver.lookUp('www.example', 'A')).toEqual({
      kind: 'found',
      records: ['192.0.2.7'],
      authentic: false,
    });
  });

  test('may lead to nothing', async () => {
    const { resolver } = await start({ 'A www.example': { answers: [alias('www.example', 'gone.example')], code: 3 } });
    expect(await resolver.lookUp('www.example', 'A')).toMatchObject({ kind: 'nxdomain' });
  });

  test('hardening 61: a circle within an answer ends', async () => {
    const { resolver, server } = await start({
      'A a.example': { answers: [alias('a.example', 'b.example'), alias('b.example', 'a.example')] },
    });
    expect(await resolver.lookUp('a.example', 'A')).toEqual({ kind: 'temporary', reason: 'too many aliases' });
    expect(server.questions).toHaveLength(1);
  });

  test('hardening 61: a circle over several answers ends', async () => {
    const { resolver, server } = await start({
      'A a.example': { answers: [alias('a.example', 'b.example')] },
      'A b.example': { answers: [alias('b.example', 'a.example')] },
    });
    expect(await resolver.lookUp('a.example', 'A')).toEqual({ kind: 'temporary', reason: 'too many aliases' });
    expect(server.questions).toHaveLength(11);
  });

  test.each([
    [10, 'found'],
    [11, 'temporary'],
  ] as const)('hardening 61: a chain of %i ends as %s', async (length, kind) => {
    const chain = Array.from({ length }, (_, i) => alias(`n${i}.example`, `n${i + 1}.example`));
    const { resolver } = await start({
      'A n0.example': { answers: [...chain.reverse(), a(`n${length}.example`, '192.0.2.7')] },
    });
    expect(await resolver.lookUp('n0.example', 'A')).toMatchObject({ kind });
  });
});

describe('forged answers', () => {
  const forged = [a('host.example', '198.51.100.66')];
  const real = { answers: [a('host.example', '192.0.2.1')] };
  const found = { kind: 'found', records: ['192.0.2.1'], authentic: false };

  test.each([
    ['with another id', (packet) => ({ ...packet, id: ((packet.id ?? 0) + 1) % 0x1_0000 })],
    ['to another name', (packet) => ({ ...packet, questions: [{ name: 'other.example', type: 'A' }] })],
    ['to another type', (packet) => ({ ...packet, questions: [{ name: 'host.example', type: 'TXT' }] })],
    ['to no question', (packet) => ({ ...packet, questions: [] })],
    ['that is a question', (packet) => ({ ...packet, type: 'query' })],
  ] as const satisfies readonly (readonly [string, NonNullable<ScriptedAnswer['change']>])[])(
    'hardening 61: one %s is passed over',
    async (_, change) => {
      const { resolver } = await start({
        'A host.example': { ...real, before: (query) => [change(packetOf(query, { answers: forged }))] },
      });
      expect(await resolver.lookUp('host.example', 'A')).toEqual(found);
    },
  );

  test('hardening 61: one from another port is passed over', async () => {
    const { resolver } = await start({
      'A host.example': { ...real, fromElsewhere: (query) => packetOf(query, { answers: forged }) },
    });
    expect(await resolver.lookUp('host.example', 'A')).toEqual(found);
  });

  test('records of another name in an answer are not taken', async () => {
    const { resolver } = await start({ 'A host.example': { answers: [a('bank.example', '198.51.100.66')] } });
    expect(await resolver.lookUp('host.example', 'A')).toMatchObject({ kind: 'nodata' });
    expect(await resolver.lookUp('bank.example', 'A')).toMatchObject({ kind: 'nxdomain' });
  });

  test('every question has an id and a port of its own', async () => {
    const ports = new Set<number>();
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    const ids = new Set<number>();
    socket.on('message', (octets, { port }) => {
      ports.add(port);
      ids.add(octets.readUInt16BE(0));
      const answer = Buffer.from(octets);
      answer.writeUInt16BE(0x8003, 2);
      socket.send(answer, port, '127.0.0.1');
    });
    const server = { address: '127.0.0.1', port: socket.address().port, isTrusted: false };
    const resolver = new StubResolver({ servers: () => [server] });
    await Promise.all(Array.from({ length: 20 }, (_, i) => resolver.lookUp(`${i}.example`, 'A')));
    expect(ports.size).toBe(20);
    expect(ids.size).toBeGreaterThan(15);
  });
});

describe('servers that do not answer', () => {
  test('the next one is asked', async () => {
    const silent = await ScriptedServer.start(() => ({ isSilent: true }));
    const failing = await ScriptedServer.start(() => ({ code: 2 }));
    const good = await ScriptedServer.start((name) => ({ answers: [a(name, '192.0.2.1')] }));
    for (const server of [silent, failing, good]) onTestFinished(() => server[Symbol.asyncDispose]());
    const resolver = new StubResolver({ servers: () => [silent, failing, good].map((one) => one.server()) });
    expect(await resolver.lookUp('host.example', 'A')).toMatchObject({ kind: 'found' });
  });

  test('one that fails over TCP is none', async () => {
    const { resolver } = await start(
      { 'A host.example': { isTruncated: true, change: (packet) => ({ ...packet, id: 1 + (packet.id ?? 0) }) } },
      { lookUpMs: 50 },
    );
    expect(await resolver.lookUp('host.example', 'A')).toMatchObject({ kind: 'temporary' });
  });

  test('nobody waits for them for long, and all goes on once they are back', async () => {
    let isSilent = true;
    const server = await ScriptedServer.start((name) => ({ isSilent, answers: [a(name, '192.0.2.1')] }));
    onTestFinished(() => server[Symbol.asyncDispose]());
    const changes: boolean[] = [];
    let nowMs = 0;
    const { promise: isBack, resolve } = Promise.withResolvers<void>();
    const resolver = new StubResolver({
      servers: () => [server.server()],
      lookUpMs: 20,
      now: () => nowMs,
      onChange(isAnswered) {
        changes.push(isAnswered);
        if (isAnswered) resolve();
      },
    });
    const none = { kind: 'temporary', reason: 'no DNS server answers' };
    const ask = (name: string) => resolver.lookUp(name, 'A');
    const asking = ['1.example', '2.example', '3.example'].map(ask);
    nowMs = 20;
    expect(await Promise.all(asking)).toEqual([none, none, none]);
    const asked = server.questions.length;
    expect(await ask('4.example')).toEqual(none);
    expect(server.questions).toHaveLength(asked);
    expect(changes).toEqual([false]);

    isSilent = false;
    nowMs += 1_000;
    expect(await ask('5.example')).toEqual(none);
    await isBack;
    expect(await ask('6.example')).toMatchObject({ kind: 'found' });
  });

  test('one name whose own servers are silent does not keep others from being asked', async () => {
    const { resolver } = await start(
      { 'A slow.example': { isSilent: true }, 'A host.example': { answers: [a('host.example', '192.0.2.1')] } },
      { lookUpMs: 20 },
    );
    for (let i = 0; i < 4; i++) {
      const [slow, host] = await Promise.all([
        resolver.lookUp('slow.example', 'A'),
        resolver.lookUp('host.example', 'A'),
      ]);
      expect(slow).toMatchObject({ kind: 'temporary' });
      expect(host).toMatchObject({ kind: 'found' });
    }
  });
});

describe('the cache', () => {
  test('keeps an answer for its TTL, and asks once for all who ask at the same time', async () => {
    let nowMs = 1_000;
    const { resolver, server } = await start(
      { 'A host.example': { answers: [a('host.example', '192.0.2.1', 60)] } },
      { now: () => nowMs },
    );
    await Promise.all([resolver.lookUp('host.example', 'A'), resolver.lookUp('HOST.example', 'A')]);
    nowMs += 59_000;
    await resolver.lookUp('host.example', 'A');
    expect(server.questions).toHaveLength(1);
    nowMs += 1_000;
    await resolver.lookUp('host.example', 'A');
    expect(server.questions).toHaveLength(2);
  });

  test.each([
    ['the SOA minimum', { code: 3, authorities: [soa('example', 600, 60)] }, 60],
    ['the TTL of the SOA', { code: 0, authorities: [soa('example', 30, 600)] }, 30],
    ['an hour', { code: 3, authorities: [soa('example', 90_000, 90_000)] }, 3_600],
    ['a second without SOA', { code: 3 }, 1],
    ['5 seconds after a failure', { code: 2 }, 5],
    ['a day at most', { answers: [a('host.example', '192.0.2.1', 700_000)] }, 86_400],
    ['a second at least', { answers: [a('host.example', '192.0.2.1', 0)] }, 1],
    ['the least TTL of a chain', { answers: [alias('host.example', 'b.example', 7), a('b.example', '192.0.2.1')] }, 7],
  ] as const)('keeps for %s (RFC 2308)', async (_, script, seconds) => {
    let nowMs = 1_000;
    const { resolver, server } = await start({ 'A host.example': script }, { now: () => nowMs });
    await resolver.lookUp('host.example', 'A');
    const asked = server.questions.length;
    nowMs += seconds * 1_000 - 1;
    await resolver.lookUp('host.example', 'A');
    expect(server.questions).toHaveLength(asked);
    nowMs += 1;
    await resolver.lookUp('host.example', 'A');
    expect(server.questions.length).toBeGreaterThan(asked);
  });
});

test.each([
  ['localhost', 'A', { kind: 'found', records: ['127.0.0.1'], authentic: false }],
  ['strict.LOCALHOST.', 'AAAA', { kind: 'found', records: ['::1'], authentic: false }],
  ['localhost', 'MX', { kind: 'nodata', authentic: false }],
  ['1.0.0.127.in-addr.arpa', 'PTR', { kind: 'found', records: ['localhost'], authentic: false }],
  ['9.0.0.127.in-addr.arpa', 'PTR', { kind: 'nxdomain', authentic: false }],
] as const)('%s %s is told without a server', async (name, type, answer) => {
  const resolver = new StubResolver({ servers: () => [] });
  expect(await resolver.lookUp(name, type)).toEqual(answer);
});

test.each([
  ['', 'an empty name'],
  ['a..example', 'an empty label'],
  [`${'a'.repeat(64)}.example`, 'a label that is too long'],
  [`${'a.'.repeat(127)}a`, 'a name that is too long'],
])('%j cannot exist and is not asked for: %s', async (name) => {
  const { resolver, server } = await start({});
  expect(await resolver.lookUp(name, 'A')).toEqual({ kind: 'nxdomain', authentic: false });
  expect(server.questions).toEqual([]);
});

test('names of other scripts are asked for by their A-labels', async () => {
  const { resolver, server } = await start({});
  await resolver.lookUp('Bücher.example', 'MX');
  expect(server.questions).toEqual(['udp MX xn--bcher-kva.example']);
});

test('names with octets that no host has are not handed on', async () => {
  const { resolver } = await start({
    'PTR 1.2.0.192.in-addr.arpa': {
      answers: [{ name: '1.2.0.192.in-addr.arpa', type: 'PTR', ttl: 1, data: 'evil\r\nX-Injected: 1' }],
    },
  });
  expect(await resolver.lookUp('1.2.0.192.in-addr.arpa', 'PTR')).toEqual({ kind: 'nodata', authentic: false });
});
