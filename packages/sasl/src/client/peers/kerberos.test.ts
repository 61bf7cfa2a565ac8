import { execFileSync } from 'node:child_process';
import { requirePrograms } from '@postel/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CyrusPeer } from '../../testing/cyrus-peer.ts';
import { GsaslPeer } from '../../testing/gsasl-peer.ts';
import { GssProcess, SYSTEM_PYTHON } from '../../testing/gss-process.ts';
import { KerberosRealm } from '../../testing/kerberos-realm.ts';
import { logInTo, type SaslPeer } from '../../testing/sasl-peer.ts';
import { chooseClientMechanism } from '../choose-client-mechanism.ts';
import type { ClientCredentials } from '../client-mechanism.ts';
import { CLEAR } from '../connections-for-tests.ts';
import { kerberosContext } from '../kerberos-context.ts';

const PROGRAMS = ['krb5kdc', 'kadmin.local', 'kinit', 'sasl-sample-server', 'gsasl', 'python3'];
const connection = { ...CLEAR, host: 'localhost' };

let realm: KerberosRealm | null = null;

beforeAll(async () => {
  let missing: string | null = null;
  requirePrograms((why) => (missing = why), ...PROGRAMS);
  if (missing === null) realm = await KerberosRealm.start();
});

afterAll(async () => {
  await realm?.[Symbol.asyncDispose]();
});

beforeEach(({ skip }) => {
  requirePrograms(skip, ...PROGRAMS);
});

function runningRealm(): KerberosRealm {
  if (realm === null) throw new Error('no realm');
  return realm;
}

const logIn = (peer: SaslPeer, credentials: ClientCredentials) =>
  logInTo(peer, chooseClientMechanism(['GSSAPI'], credentials, connection));

/** By python3-gssapi. */
async function inAnotherProcess(skip: (why: string) => void) {
  try {
    execFileSync(SYSTEM_PYTHON, ['-c', 'import gssapi'], { stdio: 'ignore' });
  } catch {
    skip('python3-gssapi not installed');
  }
  const contexts = new AsyncDisposableStack();
  const gss = async (service: string) => contexts.use(new GssProcess(service, runningRealm().env));
  return { gss, [Symbol.asyncDispose]: () => contexts.disposeAsync() };
}

test('Cyrus SASL takes the ticket of tim by GSSAPI', async ({ skip }) => {
  await using client = await inAnotherProcess(skip);
  await using peer = new CyrusPeer('GSSAPI', runningRealm().env);
  expect(await logIn(peer, client)).toBe('tim@localhost');
});

test('GNU SASL takes the ticket of tim by GSSAPI, and hears whom he wants to act as', async ({ skip }) => {
  await using client = await inAnotherProcess(skip);
  await using peer = new GsaslPeer({ properties: { service: 'smtp', hostname: 'localhost' } }, runningRealm().env);
  const known = JSON.parse(await logIn(peer, { ...client, authorizationIdentity: 'Ursel' }));
  expect(known).toMatchObject({ 'gssapi-display-name': 'tim@POSTEL.TEST', authzid: 'Ursel' });
});

test('who has no ticket for the service does not begin', async ({ skip }) => {
  await using client = await inAnotherProcess(skip);
  const chosen = chooseClientMechanism(['GSSAPI'], client, { ...connection, service: 'imap' });
  await expect(chosen.exchange.initialResponse()).rejects.toThrow(/not found in Kerberos database/);
});

test('the npm package `kerberos` gives a context too', async ({ skip }) => {
  if (!hasKerberosPackage()) skip('kerberos (npm) is not installed');
  const { env } = runningRealm();
  // It runs in our process, and takes the settings of ours.
  Object.assign(process.env, env);
  await using peer = new CyrusPeer('GSSAPI', env);
  expect(await logIn(peer, { gss: kerberosContext })).toBe('tim@localhost');
});

test('without the npm package `kerberos` it is said what is missing', async ({ skip }) => {
  if (hasKerberosPackage()) skip('kerberos (npm) is installed');
  await expect(kerberosContext('smtp@localhost')).rejects.toThrow(
    expect.objectContaining({ kind: 'unavailable', message: expect.stringContaining('npm install') }),
  );
});

function hasKerberosPackage(): boolean {
  try {
    import.meta.resolve('kerberos');
    return true;
  } catch {
    return false;
  }
}
