import { requirePrograms } from '@postel/testkit';
import { beforeEach, expect, test } from 'vitest';
import { type GsaslOptions, GsaslPeer } from '../../testing/gsasl-peer.ts';
import { logInTo } from '../../testing/sasl-peer.ts';
import { chooseClientMechanism } from '../choose-client-mechanism.ts';
import type { ClientConnection, ClientCredentials } from '../client-mechanism.ts';
import { BOUND, CLEAR, TLS } from '../connections-for-tests.ts';

const TIM: ClientCredentials = { authenticationIdentity: 'tim', password: 'tanstaaftanstaaf' };
const KNOWS_TIM = {
  password: 'tanstaaftanstaaf',
  service: 'smtp',
  hostname: 'mail.example.com',
  realm: 'mail.example.com',
};

beforeEach(({ skip }) => {
  requirePrograms(skip, 'gsasl', 'python3');
});

async function logIn(name: string, credentials: ClientCredentials, connection: ClientConnection, server: GsaslOptions) {
  await using peer = new GsaslPeer(server);
  return JSON.parse(await logInTo(peer, chooseClientMechanism([name], credentials, connection)));
}

test.each(['PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256'])(
  'GNU SASL lets us in by %s, and not with a wrong password',
  async (name) => {
    expect(await logIn(name, TIM, TLS, { properties: KNOWS_TIM })).toMatchObject({ authid: 'tim' });
    await expect(logIn(name, { ...TIM, password: 'wrong' }, TLS, { properties: KNOWS_TIM })).rejects.toThrow('refused');
  },
);

test.each(['PLAIN', 'DIGEST-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256'])(
  'GNU SASL hears the authorization identity by %s',
  async (name) => {
    const credentials = { ...TIM, authorizationIdentity: 'Ursel, the =boss' };
    const known = await logIn(name, credentials, TLS, { properties: KNOWS_TIM });
    expect(known).toMatchObject({ authid: 'tim', authzid: 'Ursel, the =boss' });
  },
);

test.each(['SCRAM-SHA-1', 'SCRAM-SHA-256'])('GNU SASL prepares names and passwords as we do: %s', async (name) => {
  const credentials = { authenticationIdentity: 'tim\u00ad', password: '\u2168 \u00bd pass' };
  const properties = { ...KNOWS_TIM, password: 'IX 1\u20442 pass' };
  expect(await logIn(name, credentials, TLS, { properties })).toMatchObject({ authid: 'tim' });
});

test.each(['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256-PLUS'])(
  'GNU SASL lets us in by %s on the same channel only',
  async (name) => {
    const data = BOUND.channelBinding?.data ?? Buffer.alloc(0);
    const on = (channel: Buffer) => ({ properties: { ...KNOWS_TIM, 'cb-tls-exporter': channel.toString('base64') } });
    expect(await logIn(name, TIM, BOUND, on(data))).toMatchObject({ authid: 'tim' });
    await expect(logIn(name, TIM, BOUND, on(Buffer.alloc(32)))).rejects.toThrow('refused');
  },
);

test('GNU SASL takes the certificate of the connection, and a name of nobody', async () => {
  const withCertificate = { ...CLEAR, hasClientCertificate: true };
  const acting = { authorizationIdentity: 'Ursel' };
  expect(await logIn('EXTERNAL', acting, withCertificate, {})).toMatchObject({ authzid: 'Ursel' });
  expect(await logIn('EXTERNAL', {}, withCertificate, {})).toMatchObject({ authzid: null });
  const nobody = { anonymousTrace: 'sirhc' };
  expect(await logIn('ANONYMOUS', nobody, CLEAR, {})).toMatchObject({ 'anonymous-token': 'sirhc' });
});

const card = (...passcodes: string[]) => ({
  authenticationIdentity: 'tim',
  securId: {
    passcode: async () => passcodes.shift() ?? '',
    pin: async (suggestion: string | null) => suggestion ?? '1234',
  },
});

test('GNU SASL takes a passcode by SECURID, asks for the next one, and for a PIN', async () => {
  const passcodes = { '111111': 'ok', '222222': 'next', '333333': 'pin' } as const;
  const first = await logIn('SECURID', card('111111'), TLS, { passcodes });
  expect(first).toMatchObject({ authid: 'tim', passcode: '111111', pin: null });
  const second = await logIn('SECURID', card('222222', '111111'), TLS, { passcodes });
  expect(second).toMatchObject({ passcode: '111111' });
  const withPin = await logIn('SECURID', card('333333', '333333'), TLS, { passcodes });
  expect(withPin).toMatchObject({ passcode: '333333', pin: '4711' });
  await expect(logIn('SECURID', card('444444'), TLS, { passcodes })).rejects.toThrow('refused');
});
