import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { requirePrograms, sharedPostel, startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';

/** An address of another host, which the browser takes to this one: pages by it are not from localhost, and come without TLS. */
const ELSEWHERE = '192.0.2.7';

test('an Apple profile has the key, and the account with its servers', async ({ skip }) => {
  requirePrograms(skip, 'chromium', 'openssl', 'python3');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await person.open('Devices');
  await page.getByRole('button', { name: 'Add a device' }).click();
  await page.getByLabel('What do you call it?').fill('Mary’s <Mac> & more');
  await page.getByRole('button', { name: 'Make its key' }).click();
  const password = (await page.locator('.secret .code').textContent()) ?? '';
  await page.getByText('an Apple profile').click();
  await page.getByText('Key and account in one file').waitFor();
  await person.look('device-profile');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Save .*\.mobileconfig$/ }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^mary-s-mac-more\.mobileconfig$/);

  // Read by another's reader of property lists.
  const script = `import plistlib, sys, json, base64
print(json.dumps(plistlib.load(open(sys.argv[1], 'rb')), default=lambda data: base64.b64encode(data).decode()))`;
  const profile = JSON.parse(execFileSync('python3', ['-c', script, await download.path()], { encoding: 'utf8' }));
  const [identity, mail] = profile.PayloadContent;
  expect(identity).toMatchObject({
    PayloadType: 'com.apple.security.pkcs12',
    PayloadDisplayName: 'Mary’s <Mac> & more',
  });
  expect(mail).toMatchObject({
    PayloadType: 'com.apple.mail.managed',
    EmailAccountType: 'EmailTypeIMAP',
    EmailAddress: mary.address,
    IncomingMailServerHostName: 'localhost',
    IncomingMailServerPortNumber: postel.ports.imaps,
    IncomingMailServerUseSSL: true,
    IncomingMailServerUsername: mary.address,
    OutgoingMailServerPortNumber: postel.ports.submissions,
  });
  const shown = execFileSync('openssl', ['pkcs12', '-info', '-nokeys', '-passin', `pass:${password}`], {
    input: Buffer.from(identity.PayloadContent, 'base64'),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  expect(shown).toContain('BEGIN CERTIFICATE');
  const ids = [profile, identity, mail].map(({ PayloadUUID }) => PayloadUUID);
  expect(new Set(ids).size).toBe(3);
  expect(JSON.stringify(profile)).not.toContain(password);
  expect(person.complaints).toEqual([]);
});

test('without TLS a page says why it makes no key, shows the commands, and copies all the same', async ({ skip }) => {
  requirePrograms(skip, 'chromium', 'openssl');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web, {}, ELSEWHERE);
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await person.open('Devices');
  expect(await page.evaluate('window.isSecureContext')).toBe(false);
  await page.getByRole('button', { name: 'Add a device' }).click();
  await page.getByText('This page came without TLS').waitFor();
  await page.getByLabel('What do you call it?').fill('Old laptop');
  await page.getByText('openssl pkcs12 -export').waitFor();
  await person.look('device-without-tls');
  await page.getByRole('button', { name: 'Copy the command' }).click();
  await page.getByText('the command copied').waitFor();
  await page.getByLabel('Its certificate, or public key').focus();
  await page.keyboard.press('Control+V');
  const pasted = await page.getByLabel('Its certificate, or public key').inputValue();
  expect(pasted).toMatch(/^openssl req -x509 .*-subj \/CN=old-laptop .*\nopenssl pkcs12 -export/);

  const [command = ''] = pasted.split('\n');
  const directory = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  execFileSync('sh', ['-c', command], { cwd: directory, stdio: 'ignore' });
  await page
    .getByLabel('Its certificate, or public key')
    .fill(readFileSync(`${directory}/old-laptop.cert.pem`, 'utf8'));
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('Its key logs in from now on.').waitFor();
  execFileSync('rm', ['-r', directory]);
  // Without TLS browsers leave that out, and say so.
  expect(person.complaints.filter((text) => !text.includes('Cross-Origin-Opener-Policy'))).toEqual([]);
});

test('a device is added by the keyboard alone', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  const { keyboard } = page;
  /** Goes on with a key until what has this name has the focus, as a screen reader would say it. */
  const tabTo = async (name: RegExp, key = 'Tab') => {
    for (let presses = 0; presses < 40; presses++) {
      const focused = await page.evaluate(
        `(({ ariaLabel, labels, textContent }) => ariaLabel ?? labels?.[0]?.textContent ?? textContent)(document.activeElement)`,
      );
      if (name.test(String(focused))) return;
      await keyboard.press(key);
    }
    throw new Error(`${key} does not come to ${name}`);
  };
  await page.goto('/');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await tabTo(/^Address or account name$/);
  await keyboard.type(mary.name);
  await tabTo(/^Password$/);
  await keyboard.type(mary.password);
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await tabTo(/^Devices$/, 'Shift+Tab');
  await keyboard.press('Enter');
  await page.getByText('No device yet.').waitFor();
  await tabTo(/^Add a device$/);
  await keyboard.press('Enter');
  await tabTo(/^What do you call it\?$/);
  await keyboard.type('By hand');
  await tabTo(/^Make its key$/);
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'By hand is added' }).waitFor();
  await tabTo(/^Done$/);
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'By hand', exact: true }).waitFor();
  expect(person.complaints).toEqual([]);
});

test('a form that somebody fills in while the server is started again stays, and is sent afterwards', async ({
  skip,
}) => {
  requirePrograms(skip, 'chromium');
  await using postel = await startPostel();
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signIn('postel', 'postelpostel');
  await person.open('App passwords');
  await page.getByRole('button', { name: 'Make one' }).click();
  await page.getByLabel('What is it for?').fill('written before');
  const before = postel.pids.apps['web'] ?? 0;
  process.kill(before, 'SIGTERM');
  await expect.poll(() => postel.pids.apps['web'], { timeout: 60_000 }).not.toBe(before);
  expect(await page.getByLabel('What is it for?').inputValue()).toBe('written before');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('It is shown this once.').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('rowheader', { name: 'written before' }).waitFor();
});
