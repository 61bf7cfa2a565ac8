import { readFileSync } from 'node:fs';
import { ImapClient, LineClient, requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';

test('a device added in three clicks logs in by IMAP with PREAUTH, and submits without AUTH', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const { ports, ca } = postel;
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(ports.web);
  const { page } = person;
  await person.signIn(mary.name, mary.password);

  await person.open('Devices');
  await page.getByText('No device yet.').waitFor();
  await person.look('devices-none');
  await page.getByRole('button', { name: 'Add a device' }).click();
  await person.look('device-add');
  await page.getByLabel('What do you call it?').fill('Laptop <b>at work</b>');
  await page.getByRole('button', { name: 'Make its key' }).click();
  await page.getByRole('heading', { name: 'is added' }).waitFor();
  await person.look('device-added');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save laptop-b-at-work-b.p12' }).click();
  const pfx = readFileSync(await (await downloading).path());
  const passphrase = (await page.locator('.secret .code').textContent()) ?? '';
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('heading', { name: 'Laptop <b>at work</b>' }).waitFor();
  await person.look('devices');

  await using program = await ImapClient.connectTls(ports.imaps, { ca, pfx, passphrase });
  expect(await program.line()).toMatch(/^\* PREAUTH /);
  expect((await program.command('SELECT INBOX')).tagged).toMatch(/^OK/);

  await using submission = await LineClientOf(ports.submissions, { ca, pfx, passphrase });
  await reply(submission);
  submission.send('EHLO localhost\r\n');
  await reply(submission);
  submission.send(`MAIL FROM:<${mary.address}>\r\n`);
  expect(await reply(submission)).toMatch(/^250/);

  await page.getByRole('button', { name: 'Change Laptop' }).click();
  await page.getByLabel('IMAP greets it as logged in').uncheck();
  await page.getByLabel('Logs in as').selectOption(mary.address);
  await person.look('device-change');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('no PREAUTH').waitFor();
  await using asked = await ImapClient.connectTls(ports.imaps, { ca, pfx, passphrase });
  expect(await asked.line()).toMatch(/^\* OK .*AUTH=EXTERNAL/);

  await page.getByRole('button', { name: 'Remove Laptop' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('No device yet.').waitFor();
  await using gone = await ImapClient.connectTls(ports.imaps, { ca, pfx, passphrase });
  expect(await gone.line()).not.toContain('PREAUTH');
  expect(person.complaints).toEqual([]);
});

test('an app password is shown once, works in a mail program, and is taken back', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const { ports, ca } = postel;
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(ports.web);
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await person.open('Mail program');
  await page.getByText(String(ports.imaps)).waitFor();
  await person.look('setup');

  await person.open('App passwords');
  await page.getByRole('button', { name: 'Make one' }).click();
  await page.getByLabel('What is it for?').fill('<img src=x onerror=alert(1)>');
  await page.getByLabel('Good for').selectOption('imap');
  await page.getByRole('button', { name: 'Make it' }).click();
  const password = (await page.locator('.secret .code').textContent()) ?? '';
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('rowheader', { name: '<img src=x onerror=alert(1)>' }).waitFor();
  await person.look('app-passwords');

  const logIn = async () => {
    await using program = await ImapClient.connectTls(ports.imaps, { ca });
    await program.line();
    return (await program.command(`LOGIN ${mary.name} ${password}`)).tagged;
  };
  expect(await logIn()).toMatch(/^OK/);
  await person.open('Login history');
  await page.getByText('logged in').first().waitFor();
  await person.look('logins');

  await person.open('App passwords');
  await page.getByRole('button', { name: 'Remove <img' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('No app password yet.').waitFor();
  expect(await logIn()).toMatch(/^NO/);
  expect(person.complaints).toEqual([]);
});

test('what was removed is seen, and comes back', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const { ports, ca } = postel;
  const mary = await postel.addAccount('mary');
  await using program = await ImapClient.connectTls(ports.imaps, { ca });
  await program.line();
  await program.command(`LOGIN ${mary.name} ${mary.password}`);
  await program.command('CREATE "<script>alert(1)</script>"');
  const hostile =
    'From: "<script>alert(2)</script>" <x@example.com>\r\nSubject: <img src=x onerror=alert(3)>\r\n\r\nHello\r\n';
  await program.append('"<script>alert(1)</script>"', hostile, '\\Deleted');
  await program.append('INBOX', 'Subject: kept\r\n\r\nHello\r\n');
  await program.command('SELECT "<script>alert(1)</script>"');
  await program.command('EXPUNGE');

  await using person = await Person.visiting(ports.web);
  const { page } = person;
  let alerts = 0;
  page.on('dialog', () => alerts++);
  await person.signIn(mary.address, mary.password);
  await page.getByText('in 1 message').waitFor();
  await person.look('account-with-mail');
  await person.open('Removed mail');
  await page.getByRole('button', { name: 'Show what was removed' }).click();
  await page.getByText('<img src=x onerror=alert(3)>').waitFor();
  await person.look('removed');
  await page.getByRole('button', { name: 'Bring back what' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Bring back' }).click();
  await page.getByText('1 message came back').waitFor();
  expect((await program.command('STATUS "<script>alert(1)</script>" (MESSAGES)')).untagged[0]).toContain('MESSAGES 1');
  expect(alerts).toBe(0);
  expect(person.complaints).toEqual([]);
});

function LineClientOf(
  port: number,
  options: { readonly ca: string; readonly pfx: Buffer; readonly passphrase: string },
) {
  return SmtpLines.connectTls(port, options);
}

class SmtpLines extends LineClient {
  endsAnswer(line: string): boolean {
    return /^\d{3} /.test(line);
  }
}

/** The last line of a reply. */
async function reply(client: LineClient): Promise<string> {
  for (;;) {
    const line = await client.line();
    if (line === null || /^\d{3} /.test(line)) return line ?? 'closed';
  }
}
