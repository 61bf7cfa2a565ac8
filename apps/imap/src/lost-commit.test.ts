/** Rule 5 of docs/storage.md, as a client sees it: the answer to the commit is lost on the way from the database. */
import { startBreakableServer } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const MESSAGE = 'Subject: lost and found\r\n\r\n';

async function startBehindNetwork() {
  const network = await startBreakableServer(server.postel.database);
  const imap = await server.startProcess({ database: network.target });
  const account = await server.addAccount();
  const mary = await server.logIn(account, imap.port);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  return {
    network,
    mary,
    /** What is there, as a process with a network that works tells it. */
    async uids() {
      await using client = await server.logIn(account);
      await client.command('SELECT INBOX');
      return (await client.command('UID SEARCH ALL')).untagged[0];
    },
    async [Symbol.asyncDispose]() {
      await mary[Symbol.asyncDispose]();
      await imap[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
    },
  };
}

test('hardening 64: an APPEND that was committed is answered OK, with its UID, though the database was cut off then', async () => {
  await using own = await startBehindNetwork();
  const { network, mary } = own;
  void network.loseAnswerTo(Buffer.from(MESSAGE).toString('hex')).then(() => network.cut());
  await mary.dialogue`
    C: a1 STATUS INBOX (UIDVALIDITY)
    S: * STATUS INBOX (UIDVALIDITY {uidvalidity})
    S: a1 OK ...
    C: a2 APPEND INBOX {27+}
    C: Subject: lost and found
    C: 
    C: 
    S: a2 OK [APPENDUID {uidvalidity} 2] ...
  `;
  expect(await own.uids()).toBe('* SEARCH 1 2');
});

test('hardening 64: an APPEND that the database never got is answered NO, and works when it is sent again', async () => {
  await using own = await startBehindNetwork();
  const { network, mary } = own;
  network.cutBefore(Buffer.from(MESSAGE).toString('hex'));
  const append = `APPEND INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`;
  expect((await mary.command(append)).tagged).toMatch(/^NO \[UNAVAILABLE\] /);
  expect(await own.uids()).toBe('* SEARCH 1');
  expect((await mary.command(append)).tagged).toMatch(/^OK \[APPENDUID \d+ 2\] /);
});

test('hardening 64: an APPEND whose fate cannot be learnt ends the connection without an answer', async () => {
  await using own = await startBehindNetwork();
  const { network, mary } = own;
  void network.loseAnswerTo(Buffer.from(MESSAGE).toString('hex')).then(() => network.refuse(true));
  mary.send(`a1 APPEND INBOX {${MESSAGE.length}+}\r\n${MESSAGE}\r\n`);
  for (let line = await mary.line(); line !== null; line = await mary.line()) expect(line).not.toMatch(/^a1 /);
  expect(await own.uids()).toBe('* SEARCH 1 2');
}, 30_000);

test.each([
  [
    'an APPEND of two messages',
    'APPEND INBOX {27+}\r\nSubject: lost and found\r\n\r\n {3+}\r\ntwo',
    'APPENDUID \\d+ 2:3',
    '1 2 3',
  ],
  ['a REPLACE', 'UID REPLACE 1 INBOX {27+}\r\nSubject: lost and found\r\n\r\n', 'APPENDUID \\d+ 2', '2'],
])(
  'hardening 64: %s that was committed is answered OK, though the answer to the commit was lost',
  async (_, command, code, uids) => {
    await using own = await startBehindNetwork();
    const { network, mary } = own;
    await mary.command('SELECT INBOX');
    void network.loseAnswerTo('commit').then(() => network.cut());
    const { tagged, untagged } = await mary.command(command);
    expect(tagged).toMatch(/^OK /);
    expect([...untagged, tagged].join()).toMatch(new RegExp(code));
    expect(await own.uids()).toBe(`* SEARCH ${uids}`);
  },
);
