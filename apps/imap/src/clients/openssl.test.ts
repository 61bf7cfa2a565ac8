import { join } from 'node:path';
import { type ClientCertificate, MailProgram, ProgramSocket, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const { ports } = server.postel;
const CA_FILE = join(server.postel.dataDirectory, 'ca.pem');
const IMAPS = ['-connect', `localhost:${ports.imaps}`];
const STARTTLS = ['-connect', `localhost:${ports.imap}`, '-starttls', 'imap'];

/** `openssl s_client`, and an IMAP client who types into it. */
class Openssl implements AsyncDisposable {
  readonly #program: ProgramSocket;
  readonly client: ImapClient;

  private constructor(program: ProgramSocket) {
    this.#program = program;
    this.client = new ImapClient(program.socket);
  }

  static async start(...args: readonly string[]): Promise<Openssl> {
    const verified = ['-CAfile', CA_FILE, '-verify_return_error', '-quiet'];
    return new Openssl(await ProgramSocket.start('openssl', 's_client', ...verified, ...args));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}

/** The options that show a certificate. */
function shown(home: MailProgram, { cert, key }: ClientCertificate): readonly string[] {
  return ['-cert', home.write('cert.pem', cert), '-key', home.write('key.pem', key)];
}

test('openssl: IMAPS greets a key with PREAUTH, and one that is set to no PREAUTH offers EXTERNAL', async ({
  skip,
}) => {
  requirePrograms(skip, 'openssl');
  const mary = await server.addAccount();
  using home = new MailProgram(server.postel, mary);
  await using known = await Openssl.start(...IMAPS, ...shown(home, await server.postel.addKey(mary)));
  await known.client.dialogue`
    S: * PREAUTH [CAPABILITY ...] ...
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 LOGOUT
    S: * BYE ...
    S: a2 OK ...
  `;
  const silent = await server.postel.addKey(mary, { isImapPreauth: false });
  await using asking = await Openssl.start(...IMAPS, ...shown(home, silent));
  await asking.client.dialogue`
    S: * OK [CAPABILITY ... AUTH=EXTERNAL ...] ...
    C: a1 AUTHENTICATE EXTERNAL =
    S: a1 OK ...
  `;
});

test('openssl: after STARTTLS a key logs in by EXTERNAL', async ({ skip }) => {
  requirePrograms(skip, 'openssl');
  const mary = await server.addAccount();
  using home = new MailProgram(server.postel, mary);
  await using openssl = await Openssl.start(...STARTTLS, ...shown(home, await server.postel.addKey(mary)));
  await openssl.client.dialogue`
    C: a1 AUTHENTICATE EXTERNAL =
    S: ...
    S: a1 OK ...
  `;
});

/** Certificates with which a server that asks an authority would have nothing to do. */
const ODD_CERTIFICATES = [
  ['for another purpose', '-algorithm EC -pkeyopt ec_paramgen_curve:P-256', '-addext extendedKeyUsage=codeSigning'],
  ['of a certificate authority', '-algorithm ed25519', '-addext basicConstraints=critical,CA:TRUE'],
  ['with an extension that nobody knows', '-algorithm ed25519', '-addext 1.2.3.4=critical,ASN1:UTF8String:x'],
  ['for another name', '-algorithm RSA -pkeyopt rsa_keygen_bits:2048', '-addext subjectAltName=email:joe@example.org'],
  ['signed with MD5', '-algorithm RSA -pkeyopt rsa_keygen_bits:2048', '-md5'],
  ['with a key of P-384', '-algorithm EC -pkeyopt ec_paramgen_curve:P-384', '-sha384'],
] as const;

test.for(ODD_CERTIFICATES)(
  'hardening 21: a certificate %s counts by its key alone',
  async ([, key, request], { skip }) => {
    requirePrograms(skip, 'openssl');
    const mary = await server.addAccount();
    using home = new MailProgram(server.postel, mary);
    await home.run('openssl', 'genpkey', '-out', 'key.pem', ...key.split(' '));
    await home.run(
      'openssl',
      'req',
      '-x509',
      '-key',
      'key.pem',
      '-subj',
      '/CN=odd',
      '-out',
      'cert.pem',
      ...request.split(' '),
    );
    await server.postel.registerCertificate(mary, join(home.home, 'cert.pem'));
    for (const version of ['-tls1_2', '-tls1_3']) {
      const files = ['-cert', join(home.home, 'cert.pem'), '-key', join(home.home, 'key.pem')];
      await using openssl = await Openssl.start(...IMAPS, ...files, version);
      expect(await openssl.client.line()).toMatch(/^\* PREAUTH /);
    }
  },
);

/** Keys that nobody may register. The handshake does not fail for them, and people log in by other means. */
const REFUSED_KEYS = [
  ['RSA with 512 bits', '-algorithm RSA -pkeyopt rsa_keygen_bits:512', '-tls1_2'],
  ['RSA with 1,024 bits', '-algorithm RSA -pkeyopt rsa_keygen_bits:1024', '-tls1_3'],
  ['P-521', '-algorithm EC -pkeyopt ec_paramgen_curve:P-521', '-tls1_3'],
  ['Ed448', '-algorithm ed448', '-tls1_3'],
  ['RSA-PSS', '-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048', '-tls1_3'],
] as const;

test.for(REFUSED_KEYS)(
  'hardening 21: a key of %s identifies nobody, and keeps nobody out',
  async ([, key, version], { skip }) => {
    requirePrograms(skip, 'openssl');
    const mary = await server.addAccount();
    using home = new MailProgram(server.postel, mary);
    await home.run('openssl', 'genpkey', '-out', 'key.pem', ...key.split(' '));
    await home.run('openssl', 'req', '-x509', '-key', 'key.pem', '-subj', '/CN=refused', '-out', 'cert.pem');
    const files = ['-cert', join(home.home, 'cert.pem'), '-key', join(home.home, 'key.pem')];
    await using openssl = await Openssl.start(...IMAPS, ...files, version, '-cipher', 'ALL:@SECLEVEL=0');
    expect(await openssl.client.line()).toMatch(/^\* OK (?!.*EXTERNAL)/);
    expect((await openssl.client.command(`LOGIN ${mary.name} ${mary.password}`)).tagged).toMatch(/^OK /);
  },
);

test.for(['-tls1_2', '-tls1_3'])(
  'hardening 21: openssl %s: a removed key is refused when its session is resumed',
  async (version, { skip }) => {
    requirePrograms(skip, 'openssl');
    const mary = await server.addAccount();
    using home = new MailProgram(server.postel, mary);
    const certificate = await server.postel.addKey(mary);
    const session = join(home.home, 'session.pem');
    await using first = await Openssl.start(...IMAPS, ...shown(home, certificate), version, '-sess_out', session);
    // The session's ticket comes before the greeting.
    expect(await first.client.line()).toMatch(/^\* PREAUTH /);

    // Without the certificate: whose connection it is can be known from the session alone.
    await using resumed = await Openssl.start(...IMAPS, version, '-sess_in', session);
    expect(await resumed.client.line()).toMatch(/^\* PREAUTH /);
    await server.postel.removeKey(certificate);
    await using again = await Openssl.start(...IMAPS, version, '-sess_in', session);
    expect(await again.client.line()).toMatch(/^\* OK (?!.*EXTERNAL)/);
  },
);
