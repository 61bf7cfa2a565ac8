import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Configuration } from './configuration.ts';
import { ConfigurationError, configurationTemplate, readConfigurationFile } from './configuration-file.ts';
import { parseConfiguration } from './parse-configuration.ts';

const MANUAL = new URL('../../../docs/configuration.md', import.meta.url);

const LEAST = `hostname: mail.example.com
tls:
  certificates:
    - certFile: cert.pem
      keyFile: /etc/postel/key.pem
`;

const DEFAULTS: Configuration = {
  hostname: 'mail.example.com',
  publicAddresses: [],
  dataDirectory: '/var/lib/postel',
  blobs: { directory: '/var/lib/postel/blobs' },
  reserveOctets: 256 * 1024 * 1024,
  messageOctets: 100 * 1024 * 1024,
  databaseUrl: null,
  certificates: [{ certFile: '/etc/postel/cert.pem', keyFile: '/etc/postel/key.pem' }],
  login: { mechanisms: null, anonymousAccount: null, trustedNetworks: [] },
  oauthIssuers: [],
  loginHistoryDays: 30,
  mailHistoryDays: 30,
  smtp: {
    mx: [{ host: '*', port: 25 }],
    submission: [{ host: '*', port: 587, asksClientCertificate: true }],
    submissions: [{ host: '*', port: 465, asksClientCertificate: true }],
    lmtp: [],
  },
  submitterNetworks: [],
  showsClientAddress: false,
  dnsbls: [],
  rspamd: null,
  imap: {
    imap: [{ host: '*', port: 143, asksClientCertificate: true }],
    imaps: [{ host: '*', port: 993, asksClientCertificate: true }],
    processes: 1,
    literals: 'LITERAL+',
    offersUnauthenticate: true,
    metadata: [],
  },
  relay: {
    lifetimeDays: 5,
    firstRetryMinutes: 5,
    longestRetryMinutes: 240,
    delayNoticeHours: 4,
    privateNetworks: [],
    tlsPatienceHours: 24,
    tlsReports: true,
    dmarcReports: true,
  },
  web: { http: [{ host: '127.0.0.1', port: 1080 }], https: [], keyHttps: [], keyHostname: null, proxies: [] },
  dnsServers: [],
  status: [{ host: '127.0.0.1', port: 1081 }],
  tombstoneDays: 90,
  reportDays: 90,
  logLevel: 'info',
  logLevels: {},
};

function read(text: string): Configuration | readonly string[] {
  const { configuration, problems } = parseConfiguration(text, '/etc/postel');
  return configuration ?? problems.map(({ line, message }) => `${line}: ${message}`);
}

test('what is not said has a default', () => {
  expect(read(LEAST)).toEqual(DEFAULTS);
  expect(read(`${LEAST}smtp:\nimap:\n  imaps:\ndatabase:\n`)).toEqual(DEFAULTS);
});

test('the record of mail may be off', () => {
  expect(read(`${LEAST}smtp: { historyDays: off }\n`)).toEqual({ ...DEFAULTS, mailHistoryDays: 0 });
});

test('every key is heard', () => {
  const said = `${LEAST}
publicAddresses: [192.0.2.1, "2001:db8::1"]
dataDirectory: data
blobDirectory: /mnt/blobs
diskReserveMb: 1000
limits: { messageSizeMb: 25 }
housekeeping: { tombstoneDays: 30, reportDays: 365 }
login:
  mechanisms: [scram-sha-256, PLAIN]
  anonymousAccount: guest
  trustedNetworks: [127.0.0.1, 10.0.0.0/8, "2001:db8::/32"]
  historyDays: 7
database: { url: "postgres://postel:secret@db,db2:6432/postel?sslmode=verify-full" }
smtp:
  mx: { addresses: [192.0.2.1, "2001:db8::1"] }
  submission: off
  submissions: { port: 4650, clientCertificates: off }
  lmtp: { port: 24 }
  submitterNetworks: [192.0.2.7, "2001:db8::/64"]
  showClientAddress: on
  dnsbls: [Zen.example.org, bl.example.net]
  rspamd: { url: "http://127.0.0.1:11333/", password: secret }
  historyDays: 10
imap:
  processes: 4
  literals: LITERAL-
  unauthenticate: off
  metadata: [{ entry: /shared/Admin, value: "mailto:postmaster@example.com" }]
  imap: false
  imaps: { addresses: ["0.0.0.0", "::"], port: 9930, clientCertificates: on }
relay: { lifetimeDays: 2, firstRetryMinutes: 10, longestRetryMinutes: 60, delayNoticeHours: 12, privateNetworks: [10.1.0.0/16], tlsPatienceHours: 0, tlsReports: off, dmarcReports: off }
web: { http: { addresses: [192.0.2.1], port: 80 }, https: { port: 4430 }, keyHttps: { port: 4431, hostname: keys.example.com }, proxies: [192.0.2.7] }
dns: { servers: [127.0.0.1, "192.0.2.53:5353", "2001:db8::53", "[::1]:54"] }
status: off
logLevel: debug
logLevels: { imap: error, supervisor: warn }
`;
  expect(read(said)).toEqual({
    ...DEFAULTS,
    publicAddresses: ['192.0.2.1', '2001:db8::1'],
    dataDirectory: '/etc/postel/data',
    blobs: { directory: '/mnt/blobs' },
    reserveOctets: 1_000 * 1024 * 1024,
    messageOctets: 25 * 1024 * 1024,
    tombstoneDays: 30,
    reportDays: 365,
    login: {
      mechanisms: ['SCRAM-SHA-256', 'PLAIN'],
      anonymousAccount: 'guest',
      trustedNetworks: ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'],
    },
    loginHistoryDays: 7,
    mailHistoryDays: 10,
    databaseUrl: 'postgres://postel:secret@db,db2:6432/postel?sslmode=verify-full',
    smtp: {
      mx: [
        { host: '192.0.2.1', port: 25 },
        { host: '2001:db8::1', port: 25 },
      ],
      submission: [],
      submissions: [{ host: '*', port: 4650, asksClientCertificate: false }],
      lmtp: [{ host: '127.0.0.1', port: 24 }],
    },
    submitterNetworks: ['192.0.2.7', '2001:db8::/64'],
    showsClientAddress: true,
    dnsbls: ['zen.example.org', 'bl.example.net'],
    rspamd: { url: 'http://127.0.0.1:11333', password: 'secret' },
    imap: {
      imap: [],
      imaps: [
        { host: '0.0.0.0', port: 9930, asksClientCertificate: true },
        { host: '::', port: 9930, asksClientCertificate: true },
      ],
      processes: 4,
      literals: 'LITERAL-',
      offersUnauthenticate: false,
      metadata: [{ entry: '/shared/admin', value: 'mailto:postmaster@example.com' }],
    },
    relay: {
      lifetimeDays: 2,
      firstRetryMinutes: 10,
      longestRetryMinutes: 60,
      delayNoticeHours: 12,
      privateNetworks: ['10.1.0.0/16'],
      tlsPatienceHours: 0,
      tlsReports: false,
      dmarcReports: false,
    },
    web: {
      http: [{ host: '192.0.2.1', port: 80 }],
      https: [{ host: '*', port: 4430 }],
      keyHttps: [{ host: '*', port: 4431 }],
      keyHostname: 'keys.example.com',
      proxies: ['192.0.2.7'],
    },
    dnsServers: [
      { address: '127.0.0.1', port: 53, isTrusted: true },
      { address: '192.0.2.53', port: 5353, isTrusted: false },
      { address: '2001:db8::53', port: 53, isTrusted: false },
      { address: '::1', port: 54, isTrusted: true },
    ],
    status: [],
    logLevel: 'debug',
    logLevels: { imap: 'error', supervisor: 'warn' },
  });
});

test('a public address is an IP address', () => {
  expect(read(`${LEAST}publicAddresses: ["mail.example.com"]\n`)).toEqual([
    '6: publicAddresses[0] must be an IP address',
  ]);
});

test.for(['10.0.0.0/33', '10.0.0/8', '2001:db8::/129', 'example.com', '10.0.0.0/8/8', '10.0.0.0/-1'])(
  '%s is no network to be trusted',
  (network) => {
    expect(read(`${LEAST}login: { trustedNetworks: ["10.0.0.0/8", "${network}"] }\n`)).toEqual([
      '6: login.trustedNetworks[1] must be a network such as 192.0.2.0/24 or 2001:db8::/32, or an address',
    ]);
  },
);

test('mail to other servers may be off', () => {
  expect(read(`${LEAST}relay: off\n`)).toEqual({ ...DEFAULTS, relay: null });
  expect(read(`${LEAST}relay: { lifetimeDays: 31 }\n`)).toEqual([
    '6: relay.lifetimeDays must be a whole number from 1 to 30',
  ]);
  expect(read(`${LEAST}relay: { tlsPatienceHours: 721 }\n`)).toEqual([
    '6: relay.tlsPatienceHours must be a whole number from 0 to 720',
  ]);
});

test('DNS servers on other machines may be trusted', () => {
  expect(read(`${LEAST}dns: { servers: ["192.0.2.53"], trusted: on }\n`)).toEqual({
    ...DEFAULTS,
    dnsServers: [{ address: '192.0.2.53', port: 53, isTrusted: true }],
  });
});

test.for(['dns.example.com', '192.0.2.53:0', '192.0.2.53:65536', '2001:db8::53:x', '192.0.2.300', '[192.0.2.1'])(
  '%s is no DNS server',
  (server) => {
    expect(read(`${LEAST}dns: { servers: ["${server}"] }\n`)).toEqual([
      '6: dns.servers[0] must be an IP address of a DNS server, with a port where it is not 53: [2001:db8::53]:5353',
    ]);
  },
);

test('access tokens are taken of the issuers that are said, and every other URL is refused', () => {
  const issuer = 'https://id.example.com/realms/a/';
  expect(read(`${LEAST}login:\n  oauth:\n    - { issuer: "${issuer}", audience: postel }\n`)).toEqual({
    ...DEFAULTS,
    oauthIssuers: [{ issuer, audience: 'postel', addressClaim: 'email', scope: null }],
  });
  const said = '{ issuer: "http://127.0.0.1:8080", audience: a, addressClaim: upn, scope: https://example.com/mail }';
  expect(read(`${LEAST}login: { oauth: [${said}] }\n`)).toEqual({
    ...DEFAULTS,
    oauthIssuers: [
      { issuer: 'http://127.0.0.1:8080', audience: 'a', addressClaim: 'upn', scope: 'https://example.com/mail' },
    ],
  });
  const problem = (member: string) => read(`${LEAST}login: { oauth: [{ audience: a, ${member} }] }\n`);
  for (const wrong of [
    'id.example.com',
    'http://id.example.com',
    'https://u:planted@id',
    'https://id/?a',
    'ftp://id',
  ]) {
    expect(problem(`issuer: "${wrong}"`)).toEqual([
      '6: login.oauth[0].issuer must be an https: URL, as your provider writes its "issuer"; http: only on this machine',
    ]);
  }
  expect(problem('scope: x')).toEqual(['6: login.oauth[0].issuer must be a text']);
  expect(problem('issuer: "https://id", scope: "a b"')).toEqual([
    '6: login.oauth[0].scope must be one scope, without spaces',
  ]);
  expect(problem('issuer: "https://id" }, { issuer: "https://id", audience: b')).toEqual([
    '6: login.oauth[1].issuer is in the list twice',
  ]);
});

test('the server tells what it is said to tell, below /shared, each entry once', () => {
  const entries = (...names: string[]) =>
    read(`${LEAST}imap: { metadata: [${names.map((entry) => `{ entry: "${entry}", value: x }`).join(', ')}] }\n`);
  expect(entries('/shared/comment', '/shared/vendor/example/Motd')).toEqual({
    ...DEFAULTS,
    imap: {
      ...DEFAULTS.imap,
      metadata: [
        { entry: '/shared/comment', value: 'x' },
        { entry: '/shared/vendor/example/motd', value: 'x' },
      ],
    },
  });
  for (const wrong of ['/private/comment', '/shared', '/shared/', '/shared//a', '/shared/*', 'comment', '/shared/é']) {
    expect(entries(wrong)).toEqual([
      '6: imap.metadata[0].entry must be the name of an entry, such as /shared/admin or /shared/comment',
    ]);
  }
  expect(entries('/shared/a', '/shared/A')).toEqual(['6: imap.metadata[1].entry is in the list twice']);
  expect(read(`${LEAST}imap: { metadata: [{ entry: /shared/a }] }\n`)).toEqual([
    '6: imap.metadata[0].value must be a text',
  ]);
});

test('blobs are in S3 if it says so, with the secret from the file, from another one, or from the environment', () => {
  const s3 = 'blobs:\n  s3:\n    endpoint: https://s3.example.com/\n    bucket: mail\n';
  const least = {
    endpoint: 'https://s3.example.com',
    bucket: 'mail',
    region: 'us-east-1',
    prefix: '',
    pathStyle: true,
  };
  const keys = '    accessKeyId: KEY\n    secretAccessKey: planted-canary\n';
  const secrets = { accessKeyId: 'KEY', secretAccessKey: 'planted-canary' };
  expect(read(`${LEAST}${s3}${keys}`)).toEqual({ ...DEFAULTS, blobs: { s3: { ...least, ...secrets } } });
  expect(
    read(`${LEAST}${s3}${keys}    caFile: ca.pem\n    pathStyle: false\n    region: eu-1\n    prefix: a/b/\n`),
  ).toEqual({
    ...DEFAULTS,
    blobs: {
      s3: { ...least, ...secrets, caFile: '/etc/postel/ca.pem', pathStyle: false, region: 'eu-1', prefix: 'a/b/' },
    },
  });
  expect(read(`${LEAST}${s3}`)).toEqual([
    expect.stringContaining('blobs.s3.accessKeyId must be said, or the environment variable AWS_ACCESS_KEY_ID must'),
    expect.stringContaining('blobs.s3.secretAccessKey must be said'),
  ]);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'KEY');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'planted-canary');
  expect(read(`${LEAST}${s3}`)).toEqual({ ...DEFAULTS, blobs: { s3: { ...least, ...secrets } } });
  vi.unstubAllEnvs();
  const directory = mkdtempSync(join(tmpdir(), 'postel-config-'));
  try {
    const file = join(directory, 'secret');
    writeFileSync(file, 'planted-canary\n');
    const fromFile = `    accessKeyId: KEY\n    secretAccessKeyFile: ${file}\n`;
    expect(read(`${LEAST}${s3}${fromFile}`)).toEqual({ ...DEFAULTS, blobs: { s3: { ...least, ...secrets } } });
    writeFileSync(file, '\n');
    expect(read(`${LEAST}${s3}${fromFile}`)).toEqual([expect.stringContaining('secretAccessKeyFile is empty')]);
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(read(`${LEAST}${s3}${keys}blobDirectory: /blobs\n`)).toEqual([
    '12: blobDirectory is not for blobs in S3: leave one of both out',
  ]);
  for (const endpoint of ['s3.example.com', 'https://user:planted-canary@s3', 'ftp://s3', 'https://s3/bucket']) {
    expect(
      read(`${LEAST}blobs: { s3: { endpoint: "${endpoint}", bucket: B, accessKeyId: a, secretAccessKey: b } }\n`),
    ).toEqual([
      '6: blobs.s3.endpoint must have the form https://HOST or https://HOST:PORT',
      expect.stringContaining('6: blobs.s3.bucket must be the name of a bucket'),
    ]);
  }
});

test('the password of an Rspamd may stand in a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'postel-config-'));
  try {
    const file = join(directory, 'password');
    writeFileSync(file, 'planted-canary\n');
    const rspamd = `${LEAST}smtp:\n  rspamd:\n    url: https://rspamd.example.com\n`;
    const expected = { url: 'https://rspamd.example.com', password: null };
    expect(read(rspamd)).toEqual({ ...DEFAULTS, rspamd: expected });
    expect(read(`${rspamd}    passwordFile: ${file}\n`)).toEqual({
      ...DEFAULTS,
      rspamd: { ...expected, password: 'planted-canary' },
    });
    expect(read(`${rspamd}    passwordFile: ${file}\n    password: secret\n`)).toEqual([
      '9: smtp.rspamd.passwordFile is not for who says password: leave one of both out',
    ]);
    expect(read(`${rspamd}    passwordFile: /nowhere\n`)).toEqual([
      expect.stringMatching(/^9: smtp\.rspamd\.passwordFile cannot be read: ENOENT/),
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.for([
  ['smtp:\n  dnsbls: [bl.example.org, BL.example.org]\n', ['7: smtp.dnsbls[1] is in the list twice']],
  ...['bl', 'bl.example.org=127.0.0.2', '.bl.example', `${'a'.repeat(60)}.${'b.'.repeat(70)}c`].map(
    (zone) =>
      [
        `smtp:\n  dnsbls: ["${zone}"]\n`,
        ['7: smtp.dnsbls[0] must be the domain of a DNSBL, such as dnsbl.example.org'],
      ] as const,
  ),
  [
    `smtp:\n  dnsbls: [${Array.from({ length: 11 }, (_, i) => `bl${i}.example.org`)}]\n`,
    ['7: smtp.dnsbls must be 10 at most'],
  ],
  ...['127.0.0.1:11333', 'http://u:secret@127.0.0.1', 'http://127.0.0.1:11333/checkv2', 'unix:/run/rspamd'].map(
    (url) =>
      [`smtp:\n  rspamd: { url: "${url}" }\n`, ['7: smtp.rspamd.url must have the form http://HOST:PORT']] as const,
  ),
  ['imap:\n  proceses: 2\n', ['7: imap.proceses is no key of Postel; did you mean processes?']],
  ['Hostname: x\n', ['6: Hostname is no key of Postel; did you mean hostname?']],
  ['smtp:\n  mx:\n    colour: red\n', ['8: smtp.mx.colour is no key of Postel; there are addresses, port']],
  ['__proto__: x\n', [expect.stringMatching(/^6: __proto__ is no key of Postel; there are blobDirectory/)]],
  ['imap:\n  processes: two\n', ['7: imap.processes must be a whole number from 1 to 16']],
  ['imap:\n  literals: minus\n', ['7: imap.literals must be LITERAL+ or LITERAL-']],
  ['imap:\n  unauthenticate: 7\n', ['7: imap.unauthenticate must be on or off']],
  ['imap:\n  processes: 0\n', ['7: imap.processes must be a whole number from 1 to 16']],
  ['limits:\n  messageSizeMb: 0\n', ['7: limits.messageSizeMb must be a whole number from 1 to 2000']],
  ['limits:\n  messageSizeMb: 2001\n', ['7: limits.messageSizeMb must be a whole number from 1 to 2000']],
  ['login:\n  mechanisms: PLAIN\n', ['7: login.mechanisms must be a list']],
  [
    'login:\n  mechanisms: [PLAIN, SCRAM-SHA256]\n',
    [expect.stringMatching(/^7: login\.mechanisms\[1\] must be one of EXTERNAL, SCRAM-SHA-256, /)],
  ],
  ['login: { anonymousAccount: 7 }\n', ['6: login.anonymousAccount must be a text']],
  ['imap:\n  - imaps\n', ['6: imap must have members']],
  ['smtp:\n  mx:\n    clientCertificates: on\n', [expect.stringMatching(/^8: smtp\.mx\.clientCertificates is no key/)]],
  ['imap:\n  imaps:\n    clientCertificates: 7\n', ['8: imap.imaps.clientCertificates must be on or off']],
  [
    'imap:\n  imaps:\n    addresses: 127.0.0.1\n    clientCertificates: off\n',
    ['8: imap.imaps.addresses must be a list'],
  ],
  ['smtp:\n  mx: 25\n', ['7: smtp.mx must have members']],
  ['smtp:\n  mx:\n    port: "25"\n', ['8: smtp.mx.port must be a port between 1 and 65535']],
  ['smtp:\n  mx:\n    port: 0\n', ['8: smtp.mx.port must be a port between 1 and 65535']],
  ['smtp:\n  lmtp: { addresses: [127.0.0.1] }\n', [expect.stringContaining('7: smtp.lmtp.port must be said')]],
  [
    'smtp:\n  mx:\n    addresses:\n      - "*"\n      - eth0\n',
    ['10: smtp.mx.addresses[1] must be an IP address, or "*" for every one'],
  ],
  ['imap:\n  imap: { port: 993 }\n', ['6: imap.imaps has port 993, which another service has already']],
  [
    'smtp:\n  submission: { addresses: ["::1"], port: 25 }\n',
    [expect.stringContaining('7: smtp.submission has port 25')],
  ],
  ['smtp:\n  mx: { addresses: [127.0.0.1, 127.0.0.1] }\n', ['7: smtp.mx listens twice at 127.0.0.1, port 25']],
  ['smtp:\n  mx: { addresses: [127.0.0.1, "*"] }\n', ['7: smtp.mx listens twice at *, port 25']],
  [
    'smtp:\n  mx: { addresses: [127.0.0.1] }\nimap:\n  imap: { addresses: [0.0.0.0], port: 25 }\n',
    ['9: imap.imap has port 25, which another service has already'],
  ],
  [
    'web: { http: { addresses: ["*"] } }\n',
    [
      '6: web.http is for this machine alone, because passwords are not taken in the clear: say https, or the proxies before it',
    ],
  ],
  ['status: { addresses: [127.0.0.1, "::1"] }\n', ['6: status.addresses must be one address']],
  [
    'database:\n  url: postgres://u:100%secret@host/x\n',
    [expect.stringMatching(/^7: database\.url must have the form/)],
  ],
  ['database:\n  url: postgres://u@one,two:x/d\n', [expect.stringMatching(/^7: database\.url must have the form/)]],
  [
    'database:\n  url: postgres://u@one/d?sslmode=strict\n',
    [expect.stringMatching(/^7: database\.url must have the form/)],
  ],
  ['database:\n  url: mysql://user:secret@host/x\n', [expect.stringMatching(/^7: database\.url must have the form/)]],
  ['logLevels: { imap: loud }\n', ['6: logLevels.imap must be info or debug or warn or error']],
  ['logLevel: loud\n', ['6: logLevel must be info or debug or warn or error']],
  ['dataDirectory: ""\nlogLevel: 7\n', ['6: dataDirectory must be a text', expect.stringMatching(/^7: logLevel/)]],
  ['hostname: twice\n', [expect.stringMatching(/^6: .*unique/i)]],
  ['imap: {\n', [expect.stringMatching(/^\d+: /)]],
  ['imap: &a { processes: 2 }\nsmtp: *a\n', ['1: (all) cannot be read: aliases (*name) are not understood here']],
] as const)('%j is refused, with the line', ([text, problems]) => {
  const found = read(LEAST + text);
  expect(found).toEqual(text.includes('*a') ? expect.arrayContaining([...problems]) : problems);
  expect(JSON.stringify(found)).not.toContain('secret');
});

test.for([
  ['', ['1: hostname must be a text', expect.stringMatching(/^1: tls\.certificates must name a certificate/)]],
  [
    'hostname: a b\ntls: { certificates: [] }',
    ['1: hostname must be a host name, such as mail.example.com', expect.stringMatching(/^2: tls/)],
  ],
  ['hostname: a\ntls:\n  certificates:\n    - certFile: x\n', ['4: tls.certificates[0].keyFile must be a text']],
  ['- hostname', [expect.stringMatching(/^1: \(all\) must have members/)]],
] as const)('%j is not enough', ([text, problems]) => {
  expect(read(text)).toEqual(problems);
});

test('a file is read, and named in what is wrong with it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postel-config-'));
  try {
    const file = join(directory, 'postel.yaml');
    await expect(readConfigurationFile(file)).rejects.toThrow(ConfigurationError);
    writeFileSync(file, LEAST);
    expect((await readConfigurationFile(file)).certificates[0]?.certFile).toBe(join(directory, 'cert.pem'));
    writeFileSync(file, `${LEAST}imap:\n  processes: 99\n`);
    await expect(readConfigurationFile(file)).rejects.toThrow(`${file}:7: imap.processes must be`);
    writeFileSync(file, '#'.repeat(1024 * 1024 + 1));
    await expect(readConfigurationFile(file)).rejects.toThrow('too large');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the template is valid as it is, and with every comment taken off', () => {
  const template = configurationTemplate();
  expect(read(template)).toMatchObject({ hostname: 'mail.example.com', imap: DEFAULTS.imap, smtp: DEFAULTS.smtp });
  // What excludes something else that is there too.
  const whole = uncommented(template).replaceAll(/^ *(blobDirectory|secretAccessKeyFile|passwordFile):.*$/gm, '');
  expect(read(whole)).toMatchObject({
    ...DEFAULTS,
    publicAddresses: ['192.0.2.1'],
    web: {
      ...DEFAULTS.web,
      keyHttps: [{ host: '*', port: 8443 }],
      keyHostname: 'keys.example.com',
      proxies: ['192.0.2.7'],
    },
    submitterNetworks: ['192.0.2.7'],
    dnsbls: ['dnsbl.example.org'],
    rspamd: { url: 'http://127.0.0.1:11333', password: 'the password' },
    blobs: { s3: { prefix: 'blobs/', pathStyle: true, secretAccessKey: 'the secret' } },
    certificates: [{ keyFile: expect.stringMatching(/^\/etc/) }],
    databaseUrl: expect.stringMatching(/^postgres:/),
    imap: { ...DEFAULTS.imap, metadata: [{ entry: '/shared/admin', value: 'mailto:postmaster@example.com' }] },
    login: { mechanisms: expect.arrayContaining(['SCRAM-SHA-256', 'ANONYMOUS']), anonymousAccount: 'guest' },
    dnsServers: [{ address: '127.0.0.1', port: 53, isTrusted: true }],
    oauthIssuers: [{ audience: 'postel', addressClaim: 'email', scope: 'mail' }],
  });
});

test('schema, template and manual have the same keys', () => {
  const template = uncommented(configurationTemplate());
  const rows = readFileSync(MANUAL, 'utf8').matchAll(/^\| `([a-zA-Z0-9.[\]]+)` \|/gm);
  const inManual = new Set([...rows].flatMap(([, key = '']) => key.replace('[]', '').split('.')));
  const inTemplate = new Set([...template.matchAll(/^[ -]*([a-zA-Z0-9]+):/gm)].map(([, key = '']) => key));
  expect([...inTemplate].toSorted()).toEqual([...inManual].toSorted());
  expect([...inTemplate].toSorted()).toEqual([...schemaKeys()].toSorted());
});

/** The schema tells of all keys of a place where it meets a stranger. */
function schemaKeys(): Set<string> {
  const places = [
    '%',
    'tls: { % }',
    'tls: { certificates: [{ % }] }',
    'smtp: { % }',
    'smtp: { submission: { % } }',
    'smtp: { rspamd: { % } }',
    'imap: { % }',
    'imap: { metadata: [{ % }] }',
  ];
  const sections = ['blobs: { % }', 'blobs: { s3: { % } }', 'login: { % }', 'login: { oauth: [{ % }] }'];
  const others = [
    'relay: { % }',
    'logLevels: { % }',
    'web: { % }',
    'dns: { % }',
    'housekeeping: { % }',
    'database: { % }',
    'status: { % }',
    'limits: { % }',
  ];
  const told = [...places, ...sections, ...others].flatMap((place) => {
    const problems = [read(place.replace('%', '"@": 1'))].flat().map(String);
    return problems.flatMap((problem) => /there are (.*)/.exec(problem)?.[1]?.split(', ') ?? []);
  });
  return new Set(told);
}

/** Every `#key` and `#  key` that is commented out, said. */
function uncommented(template: string): string {
  return template.replaceAll(/^#( *(?:[a-zA-Z0-9]+:|- |#))/gm, '$1');
}
