import { LineClient, type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandRunner } from '../testing/command-runner.ts';

let postel: OwnPostel;
beforeAll(async () => {
  postel = await startPostel();
});
afterAll(() => postel[Symbol.asyncDispose]());

class SmtpClient extends LineClient {
  endsAnswer(line: string): boolean {
    return line[3] !== '-';
  }
}

/** Says these lines, each after the reply to the one before. @returns the last replies, one for each time that `answers` says */
async function say(port: number, lines: readonly string[], answers = 1): Promise<readonly string[]> {
  await using client = await SmtpClient.connect(port);
  const reply = async () => {
    for (;;) {
      const line = (await client.line()) ?? '';
      if (line === '' || client.endsAnswer(line)) return line;
    }
  };
  await reply();
  const replies: string[] = [];
  for (const [i, line] of lines.entries()) {
    client.send(`${line}\r\n`);
    for (let no = 0; no < (i === lines.length - 1 ? answers : 1); no++) replies.push(await reply());
  }
  return replies.slice(-answers);
}

const mail = (from: string, to: string, text = 'Subject: never shown\r\nMessage-ID: <one@example.net>\r\n\r\nx') => [
  'EHLO mx.example.net',
  `MAIL FROM:<${from}>`,
  `RCPT TO:<${to}>`,
  'DATA',
  `${text}\r\n.`,
];

const trace = (words: string) => new CommandRunner(postel).run(`trace ${words}`);

/** Once it is written. */
async function said(words: string, wanted: RegExp): Promise<string> {
  let found = '';
  await expect
    .poll(
      async () => {
        const { stdout } = await trace(words);
        found = stdout;
        return stdout;
      },
      { timeout: 30_000, interval: 500 },
    )
    .toMatch(wanted);
  return found;
}

test('one message is shown with its way, several are listed, and what is not there is said so', async () => {
  const [reply = ''] = await say(postel.ports.mx, mail('bob@example.net', 'other@localhost'));
  const [, id = ''] = /Accepted as (\S+)/.exec(reply) ?? [];
  const way = await said(id, /Delivered to/);
  expect(way).toMatch(
    new RegExp(
      `^${id}, \\d+ B\nfrom {2}bob@example\\.net\nto {4}other@localhost \\(other\\): delivered: in INBOX\nMessage-ID <one@example\\.net>\n`,
    ),
  );
  expect(way).toMatch(
    /\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}Delivered to other@localhost \(other\)\n {4}Put into the mailbox INBOX, UID 1\n {4}It is still there\n/,
  );
  expect(way).not.toContain('never shown');
  for (const words of [
    '<one@example.net>',
    'bob@example.net',
    'bob@example.net OTHER@localhost --since 1h',
    id.slice(0, 10),
  ]) {
    expect((await trace(words)).stdout).toBe(way);
  }
  await say(postel.ports.mx, mail('bob@example.net', 'nobody@strict.localhost').slice(0, 3));
  const list = await said('bob@example.net', /refused/);
  expect(list).toMatch(/^WHEN +ID +FROM +TO +SIZE +CLIENT +WHAT BECAME OF IT\n/);
  expect(list).toMatch(
    /nobody@strict\.localhost +- +127\.0\.0\.1 +refused 550 5\.1\.1\n.*other@localhost .* delivered\n/,
  );
  const refused = await said('bob@example.net --outcome refused', /Refused the recipient/);
  expect(refused).toMatch(/\n {4}550 5\.1\.1 No such address here\n/);
  const object: unknown = JSON.parse((await trace(`${id} --json`)).stdout);
  expect(object).toMatchObject({ message: id, recipients: [{ account: 'other', outcome: 'delivered' }] });

  const nothing = await trace('nobody@nowhere.example');
  expect(nothing).toMatchObject({ code: 1, stdout: '' });
  expect(nothing.stderr).toContain('Nothing is known of nobody@nowhere.example');
  expect(await trace('')).toMatchObject({ code: 2 });
  expect(await trace('a@b c@d --outcome read')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--outcome takes'),
  });
  expect(await trace('bob@example.net --until 1d')).toMatchObject({ code: 1 });
});

test('LMTP, and what was moved and removed since', async () => {
  const lines = mail('carl@example.net', 'postel@localhost');
  const [reply = ''] = await say(postel.ports.lmtp, ['LHLO here', ...lines.slice(1)]);
  const [, id = ''] = /Accepted as (\S+)/.exec(reply) ?? [];
  expect(await said(id, /Delivered/)).toContain('came by LMTP');
  await using imap = await ImapLine.connect(postel.ports.imap);
  await imap.line();
  for (const command of ['a LOGIN postel postelpostel', 'a CREATE Kept', 'a SELECT INBOX', 'a MOVE * Kept'])
    await imap.ok(command);
  expect(await said(id, /Now in Kept/)).toMatch(/: delivered: in Kept\n/);
  for (const command of ['a SELECT Kept', 'a STORE * +FLAGS (\\Deleted)', 'a EXPUNGE']) await imap.ok(command);
  expect(await said(id, /It has been removed/)).toMatch(/: delivered, and removed since\n/);
});

class ImapLine extends LineClient {
  endsAnswer(line: string): boolean {
    return line.startsWith('a ');
  }

  async ok(command: string): Promise<void> {
    this.send(`${command}\r\n`);
    for (;;) {
      const line = (await this.line()) ?? 'a BAD gone';
      if (!this.endsAnswer(line)) continue;
      if (!line.startsWith('a OK')) throw new Error(`${command}: ${line}`);
      return;
    }
  }
}

test('kill -9: what was written stays, mail is there, and the record goes on', async () => {
  await say(postel.ports.mx, mail('before@example.net', 'other@localhost'));
  await said('before@example.net', /Delivered/);
  const replies = await say(postel.ports.mx, mail('during@example.net', 'other@localhost'));
  expect(replies).toEqual([expect.stringMatching(/^250 /)]);
  await postel.kill9();
  const { dataDirectory, portOffset } = postel;
  await using again = await startPostel({ dataDirectory, portOffset });
  const run = (words: string) => new CommandRunner(again).run(`trace ${words}`);
  expect((await run('before@example.net')).stdout).toContain('Delivered to other@localhost');
  // Of the last batch nothing may be known; what is must be true.
  const { code, stdout } = await run('during@example.net');
  expect(code === 1 ? '' : stdout).toMatch(/^$|Delivered to other@localhost/);
  await say(again.ports.mx, mail('after@example.net', 'other@localhost'));
  await expect.poll(async () => (await run('after@example.net')).stdout, { timeout: 30_000 }).toContain('Delivered');
  const verified = await new CommandRunner(again).run('verify');
  expect(verified.code).toBe(0);
});
