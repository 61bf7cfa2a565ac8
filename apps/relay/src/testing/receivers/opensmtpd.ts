import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@postel/testkit';
import {
  findFile,
  Listening,
  MOST_OCTETS,
  MOST_RECIPIENTS,
  PEOPLE,
  type Receiver,
  ReceiverDirectory,
  UNPACKED,
} from './receiver.ts';

const PROGRAM = join(UNPACKED, 'usr/sbin/smtpd');

/** Whether Debian's opensmtpd was unpacked. */
export function hasOpenSmtpd(): boolean {
  return existsSync(PROGRAM);
}

/**
 * Debian's OpenSMTPD, as root. Where its queue, its socket, its programs and its users are was decided when it was built: so it sees a file
 * system of its own, in which they are.
 */
export async function startOpenSmtpd(): Promise<Receiver> {
  const directory = await ReceiverDirectory.make();
  const port = await freePort();
  const free = await freePort();
  const spool = directory.makeFor('spool');
  directory.makeFor('empty');
  directory.write(
    'passwd',
    `${readFileSync('/etc/passwd', 'utf8')}opensmtpd:x:871:871::/var/lib/opensmtpd/empty:/bin/false\nopensmtpq:x:872:872::/var/lib/opensmtpd/empty:/bin/false\n`,
  );
  directory.write('group', `${readFileSync('/etc/group', 'utf8')}opensmtpd:x:871:\nopensmtpq:x:872:\n`);
  directory.write('people', PEOPLE.map((name) => `${name}@receiver.example nobody\n`).join(''));
  directory.write('wanted', PEOPLE.map((name) => `${name}@receiver.example\n`).join(''));
  const configure = (isGrey: boolean) =>
    directory.write(
      'smtpd.conf',
      `
pki receiver cert "${directory.at('cert.pem')}"
pki receiver key "${directory.at('key.pem')}"
table people file:${directory.at('people')}
table wanted file:${directory.at('wanted')}
${isGrey ? 'filter grey phase rcpt-to match rcpt-to { late@receiver.example } reject "450 4.2.0 Greylisted"' : ''}
smtp max-message-size ${MOST_OCTETS}
smtp limit max-rcpt ${MOST_RECIPIENTS}
listen on 127.0.0.1 port ${port} tls pki receiver hostname mx.receiver.example ${isGrey ? 'filter grey' : ''}
action deliver maildir "${directory.mail}/%{rcpt.user}" virtual <people>
action keep relay host smtp://127.0.0.1:${free}
match from any for rcpt-to kept@receiver.example action keep
match from any for rcpt-to <wanted> action deliver
`,
    );
  const script = [
    'set -e',
    'mount --make-rprivate /',
    `mount --bind ${directory.at('passwd')} /etc/passwd`,
    `mount --bind ${directory.at('group')} /etc/group`,
    'mount -t tmpfs none /usr/libexec',
    'mkdir /usr/libexec/opensmtpd',
    `mount --bind ${UNPACKED}/usr/libexec/opensmtpd /usr/libexec/opensmtpd`,
    'mount -t tmpfs none /run',
    'mount -t tmpfs -o mode=755 none /var/lib',
    'mkdir -p /var/lib/opensmtpd/empty',
    `mount --bind ${spool} /var/spool`,
    'mkdir -p /var/spool/smtpd && chmod 711 /var/spool/smtpd',
    `exec ${PROGRAM} -d -f ${directory.at('smtpd.conf')}`,
  ].join('\n');
  const start = () => Listening.start(['unshare', '--mount', 'sh', '-c', script], port);
  configure(false);
  let smtpd = await start();
  return {
    port,
    arrived: (localPart, count) => directory.arrived(localPart, count),
    // The file of an envelope is named by the number of its message, and its own.
    kept: async () => readFileSync(await findFile(join(spool, 'smtpd/queue'), /\/[0-9a-f]{16}$/), 'latin1'),
    async setGrey(isGrey) {
      configure(isGrey);
      await smtpd.stop();
      smtpd = await start();
    },
    async [Symbol.asyncDispose]() {
      await smtpd.stop();
      directory.remove();
    },
  };
}
