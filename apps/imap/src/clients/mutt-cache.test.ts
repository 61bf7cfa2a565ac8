import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';
import { OverheardPort } from '../testing/overheard-port.ts';

const server = new MailServer();

const MESSAGES = 120;

/** In the clear, so that what it says can be read. */
const configuration = (
  { home, account }: MailProgram,
  program: string,
  port: number,
  extensions: readonly string[],
) => `
set folder = "imap://localhost:${port}/"
set spoolfile = "+Work"
set imap_user = "${account.name}"
set imap_pass = "${account.password}"
set ssl_starttls = no
set ssl_force_tls = no
${program === 'mutt' ? 'set imap_deflate = no' : ''}
set header_cache = "${home}/cache"
${extensions.map((name) => `set ${name} = yes`).join('\n')}
set tmpdir = "${home}"
set confirmcreate = no
set confirmappend = no
set quit = yes
set move = no
set mark_old = no
set wait_key = no
`;

const letter = (subject: string) => `From: a@example.com\r\nSubject: ${subject}\r\n\r\nText of ${subject}\r\n`;

/** Subjects of what is there, with a sign for flags, in the order of the mailbox. */
async function truth(client: ImapClient): Promise<readonly string[]> {
  const { untagged } = await client.command('UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  const text = untagged.join('\n');
  return [...text.matchAll(/FLAGS \(([^)]*)\).*\nSubject: (.*)/g)].map(
    ([, flags = '', subject = '']) => `${subject}${flags.includes('\\Flagged') ? '!' : ''}`,
  );
}

test.for([
  ['mutt', 'QRESYNC', ['imap_condstore', 'imap_qresync']],
  ['neomutt', 'QRESYNC', ['imap_condstore', 'imap_qresync']],
  ['mutt', 'CONDSTORE', ['imap_condstore']],
  ['neomutt', 'CONDSTORE', ['imap_condstore']],
  ['mutt', 'no extension', []],
] as const)('%s: a header cache brought up to date with %s', async ([mutt, extension, options], { skip }) => {
  requirePrograms(skip, mutt, 'script');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  await using overheard = await OverheardPort.start(server.postel.ports.imap);
  const rc = program.write('muttrc', configuration(program, mutt, overheard.port, options));
  await using mary = await server.logIn(account);
  await mary.command('CREATE Work');
  for (let i = 1; i <= MESSAGES; i++) await mary.append('Work', letter(`m${i}`));
  await mary.command('SELECT Work');

  /** Opens the mailbox, and saves what mutt takes for all of it and what it takes for flagged. */
  async function look() {
    const read = (name: string) => {
      const path = join(program.home, name);
      const subjects = existsSync(path) ? (readFileSync(path, 'latin1').match(/^Subject: .*$/gm) ?? []) : [];
      rmSync(path, { force: true });
      return subjects.map((line) => line.replace('Subject: ', ''));
    };
    const commands = [
      `<tag-pattern>~A<enter><tag-prefix><copy-message>${program.home}/all<enter><untag-pattern>~A<enter>`,
      `<tag-pattern>~F<enter><tag-prefix-cond><copy-message>${program.home}/flagged<enter><end-cond><untag-pattern>~A<enter>`,
      '<quit>',
    ];
    await program.runInTerminal(mutt, '-n', '-F', rc, '-e', `push "${commands.join('')}"`);
    const flagged = new Set(read('flagged'));
    return {
      seen: read('all').map((subject) => `${subject}${flagged.has(subject) ? '!' : ''}`),
      said: overheard.commands(),
    };
  }
  const headersAskedFor = (said: readonly string[]) =>
    said.flatMap((line) => /^FETCH (\S+) .*HEADER\.FIELDS/.exec(line)?.[1] ?? []);

  expect((await look()).seen).toEqual(await truth(mary));

  await mary.command('UID STORE 3,50:60,120 +FLAGS.SILENT (\\Flagged)');
  await mary.command('UID STORE 1,4,55,70:90 +FLAGS.SILENT (\\Deleted)');
  await mary.command('EXPUNGE');
  for (const subject of ['new 1', 'new 2']) await mary.append('Work', letter(subject));
  const second = await look();
  expect(second.seen).toEqual(await truth(mary));
  // With QRESYNC, neomutt (20220429) asks for the numbers that the removed messages had, and then for all flags.
  const isConfused = mutt === 'neomutt' && extension === 'QRESYNC';
  expect(headersAskedFor(second.said)).toEqual([...(isConfused ? ['1,4,55,70:90'] : []), '97:98']);
  expect(second.said.some((line) => /^UID FETCH 1:\d+ \(UID FLAGS\)$/.test(line))).toBe(
    isConfused || extension === 'no extension',
  );
  if (extension === 'QRESYNC') {
    expect(second.said).toContain('ENABLE QRESYNC');
    expect(second.said).toContainEqual(
      expect.stringMatching(/^UID FETCH 1:\d+ \(FLAGS\) \(CHANGEDSINCE \d+ VANISHED\)$/),
    );
  }
  if (extension === 'CONDSTORE') {
    expect(second.said).toContainEqual(expect.stringMatching(/^UID FETCH 1:\d+ \(FLAGS\) \(CHANGEDSINCE \d+\)$/));
  }

  // Another mailbox under the same name: nothing that was kept counts.
  await mary.command('UNSELECT');
  await mary.command('RENAME Work Old');
  await mary.command('CREATE Work');
  for (const subject of ['a', 'b', 'c']) await mary.append('Work', letter(subject), '\\Flagged');
  await mary.command('SELECT Work');
  expect((await look()).seen).toEqual(['a!', 'b!', 'c!']);
});
