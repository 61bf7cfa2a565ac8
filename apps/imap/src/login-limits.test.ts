import { randomInt } from 'node:crypto';
import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { ImapClient, makeClientCertificate } from '@postel/testkit';
import { describe, expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

/** An address of this host that no other test has failed from. */
const newAddress = () => `127.${randomInt(1, 255)}.${8 * randomInt(32)}.${randomInt(1, 255)}`;

/** Tries to log in, once, on a connection of its own. @returns the tagged answer, without the connection's id */
async function tryLogin(port: number, from: string, login: string, password: string): Promise<string> {
  await using client = await ImapClient.connect(port, from);
  await client.line();
  const { tagged } = await client.command(`LOGIN ${login} "${password}"`);
  return tagged.replace(/ \([^)]*\)$/, '').replace(/\[CAPABILITY .*\] /, '');
}

/** The same over SMTP. */
async function trySubmission(port: number, from: string, login: string, password: string): Promise<string> {
  await using client = await ImapClient.connect(port, from);
  await client.line();
  client.send('EHLO client.example\r\n');
  while ((await client.line())?.startsWith('250-') === true);
  client.send(`AUTH PLAIN ${Buffer.from(`\0${login}\0${password}`).toString('base64')}\r\n`);
  return ((await client.line()) ?? '').replace(/ \([^)]*\)$/, '');
}

/** Guesses side by side, so that their answers wait side by side. */
const guess = (port: number, from: string, login: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => tryLogin(port, from, login, `guess ${i}`)));

const WRONG = 'NO [AUTHENTICATIONFAILED] Wrong user or password';
const refused = (from: string) => `Too many failed logins from ${from}/32: try again in 9 minutes`;

describe('hardening 27', () => {
  test('guesses from one address are refused by every service and process, and after a restart', async () => {
    const { ports } = server.postel;
    const account = await server.addAccount();
    const from = newAddress();
    expect(await guess(ports.imap, from, account.name, 10)).toEqual(Array.from({ length: 10 }, () => WRONG));
    expect(await tryLogin(ports.imap, from, account.name, account.password)).toBe(`NO [LIMIT] ${refused(from)}`);

    await using restarted = await server.startProcess();
    const answers = await Promise.all([
      tryLogin(restarted.port, from, account.name, account.password),
      trySubmission(ports.submission, from, account.name, account.password),
      tryLogin(ports.imap, newAddress(), account.name, account.password),
    ]);
    expect(answers).toEqual([`NO [LIMIT] ${refused(from)}`, `454 4.7.0 ${refused(from)}`, 'OK Logged in']);
  }, 60_000);

  test('an owner comes in where the account has been used before, whoever guesses from there', async () => {
    const account = await server.addAccount();
    const from = newAddress();
    await using first = await server.startProcess();
    expect(await tryLogin(first.port, from, account.name, account.password)).toBe('OK Logged in');
    await first.stop(); // and with that the login is written down

    await using second = await server.startProcess();
    await guess(second.port, from, account.name, 10);
    const other = await server.addAccount('other');
    const answers = await Promise.all([
      tryLogin(second.port, from, account.name, account.password),
      tryLogin(second.port, from, other.name, other.password),
      tryLogin(second.port, from, account.name, 'wrong'),
      tryLogin(second.port, from, 'nobody', 'wrong'),
    ]);
    const no = `NO [LIMIT] ${refused(from)}`;
    expect(answers).toEqual(['OK Logged in', no, no, no]);
  }, 60_000);
});

test('the history of an account has its logins, with program, key and all', async () => {
  const account = await server.addAccount();
  const from = newAddress();
  const imap = await server.startProcess();
  {
    await using client = await ImapClient.connect(imap.port, from);
    await client.line();
    await client.command(`LOGIN ${account.name} wrong`);
    await client.command(`LOGIN ${account.name} ${account.password}`);
    await client.command('ID ("name" "Post" "version" "1.0" "environment" "secret")');
  }
  const { key, cert, publicKey } = await makeClientCertificate();
  {
    await using client = await ImapClient.connectTls(imap.tlsPort, {
      ca: server.postel.ca,
      localAddress: from,
      key,
      cert,
    });
    await client.line();
    await client.command('ID ("name" "Post")');
    await client.command(
      `AUTHENTICATE PLAIN ${Buffer.from(`\0${account.name}\0${account.password}`).toString('base64')}`,
    );
  }
  await imap.stop();

  const database = openDatabase(server.postel.database, { applicationName: 'history test', maxConnections: 1 });
  const directory = openDirectory(database);
  const since = new Date(Date.now() - 60_000);
  const filter = { onlyFailed: false, since, limit: 1_000 } as const;
  const ofAccount = await directory.listLogins({ ...filter, accountName: account.name });
  const all = await directory.listLogins({ ...filter, accountName: null });
  await directory.close();
  await database.close();
  const said = ofAccount.map((entry) => [entry.from, entry.mechanism, entry.tlsVersion, entry.program, entry.outcome]);
  expect(said).toContainEqual([from, 'LOGIN', null, null, 'wrong-credentials']);
  expect(said).toContainEqual([from, 'LOGIN', null, 'Post 1.0', 'success']);
  expect(said).toContainEqual([from, 'PLAIN', 'TLSv1.3', 'Post', 'success']);
  expect(said).toHaveLength(3);
  const withKey = all.filter(({ keyFingerprint }) => keyFingerprint === publicKey.fingerprint);
  expect(withKey.map(({ outcome, accountName }) => [outcome, accountName]).toSorted()).toEqual([
    ['success', account.name],
    ['unknown-key', null],
  ]);
});
