import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const PAGE = new URL('../../../docs/imap.md', import.meta.url);

/** The second column of its tables. Names that end in `=` are of capabilities that have a value. */
function documented(): readonly string[] {
  const rows = readFileSync(PAGE, 'utf8').matchAll(/^\| [^|]* \|([^|]*)\|[^|]*\|[^|]*\|$/gm);
  return [...rows].flatMap(([, names = '']) => [...names.matchAll(/`([^`]*)`/g)].map(([, name = '']) => name));
}

async function announced(client: ImapClient): Promise<readonly string[]> {
  const { untagged } = await client.command('CAPABILITY');
  const names = untagged[0]?.replace('* CAPABILITY ', '').split(' ') ?? [];
  return names.map((name) => name.replace(/^(AUTH|APPENDLIMIT)=.*/, '$1='));
}

test('docs/imap.md names the capabilities that are announced in any state and configuration, and no others', async () => {
  await using strict = await server.startProcess({ allowPlaintextLogin: false, literals: 'LITERAL-' });
  await using unprotected = await server.connect(strict.port);
  await using overTls = await server.connectTls();
  await using loggedIn = await server.logIn();
  const all = await Promise.all([unprotected, overTls, loggedIn].map(announced));
  expect(documented().toSorted()).toEqual([...new Set(all.flat())].toSorted());
});
