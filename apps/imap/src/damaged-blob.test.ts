/** Hardening 66: a disk that rots. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const SIZE = 300_000;

/** The only blob in a directory. */
function blobIn(directory: string): string {
  const [name = ''] = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /[0-9a-f]{32}$/.test(path),
  );
  return join(directory, name);
}

test('hardening 66: of a message with a wrong octet that client gets no whole answer, and others go on', async () => {
  using blobs = new TemporaryDirectory();
  await using imap = await server.startProcess({ blobDirectory: blobs.path });
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await using other = await server.logIn(account, imap.port);
  await mary.append('INBOX', `Subject: large\r\n\r\n${'x'.repeat(SIZE)}`);
  const path = blobIn(blobs.path);
  const octets = readFileSync(path);
  octets.writeUInt8('y'.charCodeAt(0), 250_000);
  writeFileSync(path, octets);

  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  const answer = await mary.command('FETCH 1 BODY.PEEK[]').catch((error: unknown) => String(error));
  expect(answer).not.toHaveProperty('tagged'); // the connection ended first
  expect(imap.log).toMatch(new RegExp(`blob ${path.slice(-32)} is damaged: octets 196608 to 262144`));

  await other.dialogue`
    C: a1 FETCH 1 BODY.PEEK[]<0.5>
    S: * 1 FETCH (BODY[]<0> {5}
    S: Subje)
    S: a1 OK ...
    C: a2 FETCH 1 BODY.PEEK[]<249990.20>
    S: a2 NO [CORRUPTION] ...
    C: a3 NOOP
    S: a3 OK ...
  `;
});
