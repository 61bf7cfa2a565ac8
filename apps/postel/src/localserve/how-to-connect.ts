import { relative } from 'node:path';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { ADMIN_PASSWORD, OTHER, POSTEL } from './local-accounts.ts';
import { LOOPBACK, type Ports } from './ports.ts';

/** What a person needs to read and send mail now. */
export function howToConnect(directory: DataDirectory, ports: Ports): string {
  const ca = shorter(directory.authority);
  const rows = [
    ['IMAP, TLS', ports.imaps],
    ['IMAP, STARTTLS', ports.imap],
    ['submission, TLS', ports.submissions],
    ['submission, STARTTLS', ports.submission],
  ] as const;
  return `
In your mail program, with host localhost:
${rows.map(([service, port]) => `  ${service.padEnd(22)}port ${port}`).join('\n')}
Accounts, user name and password:
  ${POSTEL.name.padEnd(8)}${POSTEL.password.padEnd(14)}address ${POSTEL.address}
  ${OTHER.name.padEnd(8)}${OTHER.password.padEnd(14)}address ${OTHER.address}
In a browser:
  http://localhost:${ports.web}/         each account: sign in with the same name and password
  http://localhost:${ports.web}/admin/   administration: password ${ADMIN_PASSWORD}
Programs that check certificates must trust ${ca}
For other servers and for tests: MX on port ${ports.mx}, LMTP on port ${ports.lmtp}; neither asks for a login.

Try it:
  printf 'Subject: Hello\\r\\n\\r\\nA first message.\\r\\n' | curl -s --cacert ${ca} --url smtps://localhost:${ports.submissions} \\
    --user ${POSTEL.name}:${POSTEL.password} --mail-from ${POSTEL.address} --mail-rcpt ${OTHER.address} -T -
  curl -s --cacert ${ca} --user ${OTHER.name}:${OTHER.password} --url 'imaps://localhost:${ports.imaps}/INBOX;MAILINDEX=*'
  openssl s_client -CAfile ${ca} -quiet -crlf -connect localhost:${ports.imaps}

Health: http://${LOOPBACK}:${ports.metrics}/healthz   Metrics: /metrics   Logs: ${shorter(directory.logs)}
Stop with Ctrl-C. Everything listens on ${LOOPBACK} only.`;
}

function shorter(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
