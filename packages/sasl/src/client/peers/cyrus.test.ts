import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requirePrograms, TemporaryDirectory } from '@postel/testkit';
import { beforeEach, expect, test } from 'vitest';
import { CyrusPeer } from '../../testing/cyrus-peer.ts';
import { logInTo } from '../../testing/sasl-peer.ts';
import { chooseClientMechanism } from '../choose-client-mechanism.ts';
import type { ClientCredentials } from '../client-mechanism.ts';
import { TLS } from '../connections-for-tests.ts';
import { type OtpChallenge, oneTimePassword } from '../one-time-password.ts';

const TIM: ClientCredentials = { authenticationIdentity: 'tim', password: 'AbCdEfGhIjK' };

beforeEach(({ skip }) => {
  requirePrograms(skip, 'sasl-sample-server', 'saslpasswd2', 'sasldblistusers2');
});

/** Cyrus SASL with a database of its own, in which tim has the password `AbCdEfGhIjK`. */
class CyrusAccounts implements Disposable {
  readonly #directory = new TemporaryDirectory();
  readonly #database = join(this.#directory.path, 'sasldb2');

  constructor() {
    const secrets = ['pwcheck_method: auxprop', 'auxprop_plugin: sasldb', `sasldb_path: ${this.#database}`];
    this.#directory.write('sample.conf', `${secrets.join('\n')}\n`);
    const account = ['-p', '-c', '-f', this.#database, '-u', 'localhost', 'tim'];
    execFileSync('saslpasswd2', account, { input: 'AbCdEfGhIjK' });
  }

  /** Sets what the server holds of tim's one-time passwords, for known answers. */
  setLastOneTimePassword(sequence: string, seed: string, password: string): void {
    const octets = readFileSync(this.#database, 'latin1');
    const stored = /md5\t[0-9]{4}\t[a-z]{2}[0-9]{4}\t[0-9a-f]{16}\t/;
    expect(octets).toMatch(stored);
    writeFileSync(this.#database, octets.replace(stored, `md5\t${sequence}\t${seed}\t${password}\t`), 'latin1');
  }

  async logIn(name: string, credentials: ClientCredentials): Promise<string> {
    await using peer = new CyrusPeer(name, { SASL_CONF_PATH: this.#directory.path });
    const connection = { ...TLS, host: 'localhost' };
    return await logInTo(peer, chooseClientMechanism([name], credentials, connection));
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

test.each(['PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256'])(
  'Cyrus SASL lets us in by %s, and not with a wrong password',
  async (name) => {
    using accounts = new CyrusAccounts();
    expect(await accounts.logIn(name, TIM)).toMatch(/^tim(@localhost)?$/);
    await expect(accounts.logIn(name, { ...TIM, password: 'wrong' })).rejects.toThrow('refused');
  },
);

test('Cyrus SASL takes one-time passwords by OTP, each once', async () => {
  using accounts = new CyrusAccounts();
  const asked: OtpChallenge[] = [];
  const passwords: string[] = [];
  const fromPassphrase = async (challenge: OtpChallenge) => {
    asked.push(challenge);
    passwords.push(oneTimePassword(challenge, 'AbCdEfGhIjK'));
    return passwords.at(-1) ?? '';
  };
  expect(await accounts.logIn('OTP', { authenticationIdentity: 'tim', otp: fromPassphrase })).toBe('tim@localhost');
  expect(await accounts.logIn('OTP', { authenticationIdentity: 'tim', otp: fromPassphrase })).toBe('tim@localhost');
  expect(asked.map(({ algorithm, sequence }) => [algorithm, sequence])).toEqual([
    ['md5', 498],
    ['md5', 497],
  ]);
  const again = async () => passwords.at(-1) ?? '';
  await expect(accounts.logIn('OTP', { authenticationIdentity: 'tim', otp: again })).rejects.toThrow('refused');
});

test('Cyrus SASL takes the six words of RFC 2289 appendix C', async () => {
  using accounts = new CyrusAccounts();
  const last = oneTimePassword({ algorithm: 'md5', sequence: 100, seed: 'alpha1' }, 'AbCdEfGhIjK');
  const words = async () => 'BODE HOP JAKE STOW JUT RAP';
  accounts.setLastOneTimePassword('0100', 'al1234', last);
  await expect(accounts.logIn('OTP', { authenticationIdentity: 'tim', otp: words })).resolves.toBe('tim@localhost');
});
