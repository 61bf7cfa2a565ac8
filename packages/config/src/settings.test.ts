import { expect, test } from 'vitest';
import { parseImapSettings } from './imap-settings.ts';
import { parseRelaySettings } from './relay-settings.ts';
import { DEFAULT_MESSAGE_OCTETS, DEFAULT_RESERVE_OCTETS } from './server-settings.ts';
import { parseSmtpSettings } from './smtp-settings.ts';

const listener = {
  host: '127.0.0.1',
  port: 143,
  tls: 'starttls',
  allowPlaintextLogin: false,
  asksClientCertificate: true,
};
const settings = {
  processName: 'imap',
  hostname: 'localhost',
  database: { socketDirectory: '/run/postel', database: 'postel', user: 'postel' },
  listeners: [listener],
  certificates: [{ certFile: '/cert.pem', keyFile: '/key.pem' }],
  blobs: { directory: '/blobs' },
  messageOctets: 2_000,
  reserveOctets: 1_000,
};

test('settings come through as they are, and what nobody reads does not', () => {
  expect(parseImapSettings({ ...settings, surplus: true })).toEqual(settings);
});

test('a database is a URL or a socket', () => {
  const database = { url: 'postgres://localhost/postel' };
  expect(parseImapSettings({ ...settings, database }).database).toEqual(database);
});

test.for([
  [undefined, 'Setting (all) must have members'],
  [{ ...settings, hostname: '' }, 'Setting hostname must be a text'],
  [{ ...settings, hostname: undefined }, 'Setting hostname must be a text'],
  [{ ...settings, listeners: {} }, 'Setting listeners must be a list'],
  [{ ...settings, listeners: [listener, { ...listener, port: '143' }] }, 'Setting listeners[1].port must be a port'],
  [{ ...settings, listeners: [{ ...listener, port: 65_536 }] }, 'Setting listeners[0].port must be a port'],
  [{ ...settings, listeners: [{ ...listener, tls: 'ssl' }] }, 'Setting listeners[0].tls must be implicit or starttls'],
  [
    { ...settings, listeners: [{ ...listener, allowPlaintextLogin: 'yes' }] },
    'allowPlaintextLogin must be true or false',
  ],
  [{ ...settings, literals: 'plus' }, 'Setting literals must be LITERAL+ or LITERAL-'],
  [{ ...settings, offersUnauthenticate: 'off' }, 'offersUnauthenticate must be true or false'],
  [{ ...settings, certificates: {} }, 'Setting certificates must be a list'],
  [{ ...settings, certificates: ['/cert.pem'] }, 'Setting certificates[0] must have members'],
  [{ ...settings, logLevel: 'loud' }, 'Setting logLevel must be info or debug'],
] as const)('%j is refused: %s', ([value, message]) => {
  expect(() => parseImapSettings(value)).toThrow(message);
});

test('issuers of access tokens come through, with a scope or without', () => {
  const issuer = { issuer: 'https://id.example.com', audience: 'postel', addressClaim: 'email', scope: null };
  const oauthIssuers = [issuer, { ...issuer, scope: 'mail' }];
  expect(parseSmtpSettings({ ...settings, listeners: [], oauthIssuers }).oauthIssuers).toEqual(oauthIssuers);
  expect(() => parseImapSettings({ ...settings, oauthIssuers: [{ ...issuer, audience: '' }] })).toThrow(
    'Setting oauthIssuers[0].audience must be a text',
  );
});

test('a reserve has a default, and may be of the database too', () => {
  const { reserveOctets: _, ...others } = settings;
  expect(parseImapSettings(others).reserveOctets).toBe(DEFAULT_RESERVE_OCTETS);
  const databaseDirectory = '/postgres';
  expect(parseImapSettings({ ...settings, databaseDirectory }).databaseDirectory).toBe(databaseDirectory);
  expect(() => parseImapSettings({ ...settings, reserveOctets: '1 GB' })).toThrow(
    'reserveOctets must be a whole number',
  );
});

test('the largest message has a default', () => {
  const { messageOctets: _, ...others } = settings;
  expect(parseImapSettings(others).messageOctets).toBe(DEFAULT_MESSAGE_OCTETS);
});

test('who may log in, and how, comes through; what is left out is the default', () => {
  const defaults = { mechanisms: null, anonymousAccount: null, trustedNetworks: [] };
  for (const login of [
    {},
    { trustedNetworks: ['127.0.0.1/32'] },
    { mechanisms: ['PLAIN'], anonymousAccount: null },
    { anonymousAccount: 'guest' },
  ]) {
    expect(parseImapSettings({ ...settings, login }).login).toEqual({ ...defaults, ...login });
  }
  expect(() => parseImapSettings({ ...settings, login: { mechanisms: 'PLAIN' } })).toThrow('login.mechanisms');
  expect(() => parseImapSettings({ ...settings, login: { trustedNetworks: [7] } })).toThrow('login.trustedNetworks[0]');
});

test.for(['submission', 'mx', 'lmtp'])('an SMTP listener is for %s', (kind) => {
  const smtp = { ...settings, submitterNetworks: ['192.0.2.7'], listeners: [{ ...listener, kind }] };
  expect(parseSmtpSettings(smtp)).toEqual(smtp);
});

test('an SMTP process may be told whom to ask about the DNS', () => {
  const dnsServers = [{ address: '192.0.2.53', port: 53, isTrusted: false }];
  const smtp = { ...settings, listeners: [{ ...listener, kind: 'mx' }], dnsServers };
  expect(parseSmtpSettings(smtp)).toEqual(smtp);
  const wrong = { ...smtp, dnsServers: [{ ...dnsServers[0], isTrusted: 'yes' }] };
  expect(() => parseSmtpSettings(wrong)).toThrow('dnsServers[0].isTrusted must be true or false');
});

test('an SMTP process may be told whom to ask about mail', () => {
  const rspamd = { url: 'http://127.0.0.1:11333', password: null };
  const smtp = { ...settings, listeners: [{ ...listener, kind: 'mx' }], dnsbls: ['bl.example.org'], rspamd };
  expect(parseSmtpSettings(smtp)).toEqual(smtp);
  const wrong = { ...smtp, rspamd: { ...rspamd, password: 7 } };
  expect(() => parseSmtpSettings(wrong)).toThrow('rspamd.password must be a text');
});

test('the relay is told where it is and how long to try', () => {
  const relay = {
    processName: 'relay',
    hostname: 'mail.example.com',
    database: settings.database,
    blobs: settings.blobs,
    lifetimeDays: 5,
    firstRetryMinutes: 5,
    longestRetryMinutes: 240,
    delayNoticeHours: 4,
    privateNetworks: ['10.0.0.0/8'],
    tlsPatienceHours: 24,
    tlsReports: true,
    secretKeyFile: '/var/lib/postel/secrets.key',
    dmarcReports: true,
    port: 2525,
  };
  expect(parseRelaySettings(relay)).toEqual(relay);
  expect(() => parseRelaySettings({ ...relay, lifetimeDays: 0 })).toThrow('lifetimeDays');
  expect(parseSmtpSettings({ ...settings, listeners: [], relays: true }).relays).toBe(true);
});

test('an SMTP listener says what it is for', () => {
  expect(() => parseSmtpSettings(settings)).toThrow('Setting listeners[0].kind must be submission or mx or lmtp');
});
