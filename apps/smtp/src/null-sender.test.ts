/** The null reverse-path: how many recipients it has. */
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IncomingMail } from './incoming-mail.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const ZONE: Readonly<Record<string, ScriptedName>> = {
  'mx.example.com': { A: ['192.0.2.1'], TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
  'forged.example': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
  'soft.example': { TXT: ['v=spf1 ~all'] },
  'slow.example': 'temporary',
  'sender.example': { A: ['192.0.2.2'] },
};

async function start(name: string, { isExempt = false }: { readonly isExempt?: boolean } = {}) {
  const resolver = new ScriptedResolver(ZONE);
  const incoming = new IncomingMail({
    resolver,
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => isExempt,
    onError: (error) => console.error(error),
  });
  const server = await startOwnServer({ incoming }, { kind: 'mx' });
  await server.directory.addAccount({ name: 'peter', address: 'peter@localhost', password: 'peters password' });
  const client = await SmtpClient.connect(server.port);
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await incoming.close();
  });
  await client.reply();
  await client.command(`EHLO ${name}`);
  return { server, client, resolver };
}

describe('hardening 58: a message from <> has one recipient', () => {
  test.each(['forged.example', 'soft.example', 'gone.example', 'slow.example', '[127.0.0.1]'])(
    'from %s',
    async (name) => {
      const { server, client } = await start(name);
      await client.dialogue`
      C: MAIL FROM:<>
      S: 250 ...
      C: RCPT TO:<mary@localhost>
      S: 250 ...
      C: RCPT TO:<peter@localhost>
      S: 452 4.5.3 A message from <>, of a host whose name SPF does not vouch for, gets one recipient: ...
      C: RCPT TO:<gone@localhost>
      S: 452 4.5.3 ...
      C: DATA
      S: 354 ...
      C: Subject: undelivered
      C:
      C: .
      S: 250 ...
      C: MAIL FROM:<>
      S: 250 ...
      C: RCPT TO:<peter@localhost>
      S: 250 ...
    `;
      expect(await server.messages()).toHaveLength(1);
      expect(await server.messages('peter@localhost')).toEqual([]);
    },
  );

  test('that exists, after those that do not', async () => {
    const { client } = await start('forged.example');
    await client.dialogue`
      C: MAIL FROM:<>
      S: 250 ...
      C: RCPT TO:<gone@localhost>
      S: 550 5.1.1 ...
      C: RCPT TO:<peter@localhost>
      S: 250 ...
      C: RCPT TO:<mary@localhost>
      S: 452 4.5.3 ...
    `;
  });
});

describe('several recipients has a message', () => {
  const several = async (client: SmtpClient, reversePath: string) => {
    await client.command(`MAIL FROM:<${reversePath}>`);
    for (const name of ['mary', 'peter', 'postmaster']) {
      expect(await client.command(`RCPT TO:<${name}@localhost>`)).toMatch(/^(250 2\.1\.5|550 5\.1\.1) /);
    }
  };

  test('from <> and a host for whose name SPF passes, which is asked for once', async () => {
    const { client, resolver } = await start('mx.example.com');
    const asked = () => resolver.questions.filter((question) => question === 'TXT mx.example.com').length;
    await client.command('MAIL FROM:<>');
    await client.command('RCPT TO:<gone@localhost>');
    await client.command('RSET');
    expect(asked()).toBe(0); // of who brings nothing
    await several(client, '');
    const once = asked();
    expect(once).toBeGreaterThan(0);
    await client.command('RSET');
    await several(client, '');
    expect(asked()).toBe(once);
  });

  test('from <> and a trusted host', async () => {
    const { client } = await start('forged.example', { isExempt: true });
    await several(client, '');
  });

  test('from somebody', async () => {
    const { client } = await start('forged.example');
    await several(client, 'x@sender.example');
  });
});

test('a new greeting has a new name', async () => {
  const { client } = await start('mx.example.com');
  await client.command('MAIL FROM:<>');
  await client.command('RCPT TO:<mary@localhost>');
  expect(await client.command('RCPT TO:<peter@localhost>')).toMatch(/^250 /);
  await client.command('EHLO forged.example');
  await client.command('MAIL FROM:<>');
  await client.command('RCPT TO:<mary@localhost>');
  expect(await client.command('RCPT TO:<peter@localhost>')).toMatch(/^452 4\.5\.3 /);
});
