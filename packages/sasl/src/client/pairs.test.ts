import { expect, test } from 'vitest';
import { accountsOf } from '../accounts-for-tests.ts';
import { anonymous } from '../anonymous.ts';
import { CLEAR as CLEAR_SERVER, TLS as TLS_SERVER } from '../connections-for-tests.ts';
import { cramMd5 } from '../cram-md5.ts';
import { digestMd5 } from '../digest-md5.ts';
import { external } from '../external.ts';
import { login } from '../login.ts';
import { oauthBearer } from '../oauthbearer.ts';
import { plain } from '../plain.ts';
import { scram } from '../scram.ts';
import type { ConnectionSecurity, ServerMechanism, ServerStep } from '../server-mechanism.ts';
import { xoauth2 } from '../xoauth2.ts';
import { type ChosenMechanism, chooseClientMechanism } from './choose-client-mechanism.ts';
import type { ClientConnection, ClientCredentials } from './client-mechanism.ts';
import { BOUND, CLEAR, TLS } from './connections-for-tests.ts';

const TIM: ClientCredentials = { authenticationIdentity: 'tim', password: 'tanstaaf, \u00bd = tanstaaf' };
const WRONG: ClientCredentials = { ...TIM, password: 'tanstaaf' };

const accounts = accountsOf(
  { tim: ['another app', 'tanstaaf, \u00bd = tanstaaf'], Ursel: 'xipj3plmq' },
  { 'tim@example.com': 'tim', 'ursel@example.com': 'Ursel' },
  { external: 'tim', anonymous: 'guest', tokens: { 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==': 'tim' } },
);

const server: ConnectionSecurity = {
  ...TLS_SERVER,
  service: TLS.service,
  hostNames: [TLS.host],
  channelBinding: BOUND.channelBinding,
};

/** Runs the two of them on one another, as a protocol does. */
async function logIn({ exchange }: ChosenMechanism, mechanism: ServerMechanism, security = server) {
  const other = mechanism.start(accounts, security);
  let step: ServerStep<string> = await other.next(await exchange.initialResponse());
  while (step.type === 'challenge') step = await other.next(await exchange.respond(step.challenge));
  if (step.type === 'success') exchange.succeeded();
  return { step, refusal: exchange.refusal };
}

const scramPlus = (hash: 'sha256' | 'sha1') => scram({ hash, isPlus: true });
const scramAlone = (hash: 'sha256' | 'sha1') => scram({ hash, isPlus: false });

const BY_PASSWORD = [
  plain,
  login,
  cramMd5,
  digestMd5,
  scramAlone('sha256'),
  scramAlone('sha1'),
  scramPlus('sha256'),
  scramPlus('sha1'),
];

test.each(BY_PASSWORD)('$name: our client and our server agree on who has the password', async (mechanism) => {
  const right = await logIn(chooseClientMechanism([mechanism.name], TIM, BOUND), mechanism, serverFor(mechanism));
  expect(right.step).toEqual({ type: 'success', identity: 'tim' });
  const wrong = logIn(chooseClientMechanism([mechanism.name], WRONG, BOUND), mechanism, serverFor(mechanism));
  expect((await wrong).step).toEqual({ type: 'failure', reason: 'credentials' });
});

/** SCRAM without -PLUS, on a server that offers none: `y` would be refused by one that does. */
const serverFor = ({ name }: ServerMechanism): ConnectionSecurity =>
  name.endsWith('-PLUS') ? server : { ...server, channelBinding: null };

test.each([plain, digestMd5, scramAlone('sha256'), scramPlus('sha1')])(
  '$name: an authorization identity is that of the account, or nobody comes in',
  async (mechanism) => {
    const as = async (authorizationIdentity: string) => {
      const chosen = chooseClientMechanism([mechanism.name], { ...TIM, authorizationIdentity }, BOUND);
      return (await logIn(chosen, mechanism, serverFor(mechanism))).step;
    };
    expect(await as('tim@example.com')).toEqual({ type: 'success', identity: 'tim' });
    expect(await as('ursel@example.com')).toEqual({ type: 'failure', reason: 'authorization' });
  },
);

test('hardening 20: a -PLUS that was taken out of the list of mechanisms is noticed by the server', async () => {
  const mechanism = scramAlone('sha256');
  const { step } = await logIn(chooseClientMechanism(['SCRAM-SHA-256', 'PLAIN'], TIM, BOUND), mechanism);
  expect(step).toEqual({ type: 'failure', reason: 'channel-binding' });
});

test('hardening 20: a server on another channel than the client lets nobody in', async () => {
  const between: ConnectionSecurity = { ...server, channelBinding: { type: 'tls-exporter', data: Buffer.alloc(32) } };
  const chosen = chooseClientMechanism(['SCRAM-SHA-256-PLUS'], TIM, BOUND);
  const { step } = await logIn(chosen, scramPlus('sha256'), between);
  expect(step).toEqual({ type: 'failure', reason: 'channel-binding' });
});

test.each<[ServerMechanism, ClientCredentials, ClientConnection, string]>([
  [external, {}, { ...TLS, hasClientCertificate: true }, 'tim'],
  [external, { authorizationIdentity: 'tim@example.com' }, { ...TLS, hasClientCertificate: true }, 'tim'],
  [anonymous, { anonymousTrace: 'sirhc' }, CLEAR, 'guest'],
  [anonymous, { anonymousTrace: '' }, CLEAR, 'guest'],
])('$0.name lets in who may come so', async (mechanism, credentials, connection, identity) => {
  const security = { ...CLEAR_SERVER, hasExternalIdentity: connection.hasClientCertificate };
  const { step } = await logIn(chooseClientMechanism([mechanism.name], credentials, connection), mechanism, security);
  expect(step).toEqual({ type: 'success', identity });
});

test.each([oauthBearer, xoauth2])('$name lets in whose token it is, and says what is wrong', async (mechanism) => {
  const bearer = { authenticationIdentity: 'tim', bearerToken: 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==' };
  const right = await logIn(chooseClientMechanism([mechanism.name], bearer, TLS), mechanism);
  expect(right.step).toEqual({ type: 'success', identity: 'tim' });
  const wrong = await logIn(chooseClientMechanism([mechanism.name], { ...bearer, bearerToken: 'x' }, TLS), mechanism);
  expect(wrong.step.type).toBe('failure');
  expect(wrong.refusal).toBe(mechanism === oauthBearer ? 'invalid_token' : '400');
});
