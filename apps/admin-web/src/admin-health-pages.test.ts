import { TlsMemory } from '@postel/queue';
import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { oneTimeCode } from './testing/one-time-code.ts';
import { useDatabase } from './testing/queue-mail.ts';

test('keys that sign mail are made, replaced and removed, and what that does is said before', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const domain = `k${Date.now().toString(36)}.example`;
  await postel.useDirectory((directory) => directory.addDomain(domain));
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await person.open('Domains');
  await page.getByRole('link', { name: `DNS records of ${domain}` }).click();
  await page.getByText('publish its record').first().waitFor();
  await person.look('admin-dkim-made');

  await page.getByRole('button', { name: 'Replace keys' }).click();
  await page.getByText('wait already').waitFor();
  await page.getByLabel('The new keys sign at once').check();
  await person.look('admin-dkim-replace');
  await page.getByRole('button', { name: 'Replace them now' }).click();
  await page.getByText('signs', { exact: true }).first().waitFor();

  await page.getByRole('button', { name: 'Replace keys' }).click();
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByText('publish its record').first().waitFor();
  await person.look('admin-dkim-replacing');
  const remove = page.getByRole('button', { name: /^Remove ed-\d+$/ });
  await remove.click();
  await page.getByText('will be signed by rsa-').waitFor();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect.poll(() => remove.count()).toBe(0);
  await postel.useDirectory((directory) => directory.removeDomain(domain));
  expect(person.complaints).toEqual([]);
});

test('the start page tells of certificates, of the DNS, and of servers that lost their TLS', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const host = `mx${Date.now().toString(36)}.example.org`;
  const domain = `s${Date.now().toString(36)}.example`;
  await postel.useDirectory((directory) => directory.addDomain(domain));
  await useDatabase(postel, async ({ sql }) => {
    const memory = new TlsMemory(sql);
    await memory.seen(host, Buffer.alloc(32));
    await memory.missing(host, 'it <b>offers</b> none');
  });
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await page.getByRole('heading', { name: 'Certificates' }).waitFor();
  await page.getByText('localhost, 127.0.0.1, ::1', { exact: true }).waitFor();
  await page.getByRole('link', { name: domain }).waitFor();
  await page.getByText('it <b>offers</b> none').waitFor();
  expect(await page.getByText('All is well:').count()).toBe(0);
  await person.look('admin-overview-alarm');
  await page.getByRole('button', { name: `Send without TLS to ${host}` }).click();
  await person.look('admin-tls-forget');
  await page.getByRole('dialog').getByRole('button', { name: 'Send without TLS' }).click();
  await expect.poll(() => page.getByText(host).count()).toBe(0);
  await postel.useDirectory((directory) => directory.removeDomain(domain));
  expect(person.complaints).toEqual([]);
});

test('a setting for all says how many accounts it touches, before it is saved', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  await postel.addAccount('mary');
  const before = await postel.useDirectory(({ submission }) => submission.readDefault());
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await person.open('Settings');
  await page.getByLabel('New recipients a day').selectOption('limit');
  await page.getByLabel('New recipients a day: at most').fill('5000000');
  await person.look('admin-settings');
  const sending = page.getByRole('region', { name: 'What an account may send' });
  await sending.getByRole('button', { name: 'See what it will do' }).click();
  await page.getByText(/accounts? of \d+ gets? another limit/).waitFor();
  await person.look('admin-settings-effect');
  expect(await postel.useDirectory(({ submission }) => submission.readDefault())).toEqual(before);
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByText('Saved.').waitFor();
  expect(await postel.useDirectory(({ submission }) => submission.readDefault())).toEqual({
    ...before,
    newRecipientsADay: 5_000_000,
  });
  await postel.useDirectory(({ submission }) => submission.changeDefault(before));
  expect(person.complaints).toEqual([]);
});

test('an owner turns off the codes of somebody who has lost their phone', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await postel.useDirectory(async ({ identify, web: { secondFactor } }) => {
    const holder = (await identify(mary.name))?.accountId ?? null;
    const secret = await secondFactor.begin(holder);
    expect(
      await secondFactor.confirm(
        { type: 'operator', user: 'root', host: 'test' },
        holder,
        oneTimeCode(secret ?? '', 0),
      ),
    ).not.toBeNull();
  });
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await page.getByRole('heading', { name: 'This server' }).waitFor();
  await page.goto(`/admin/accounts/${mary.name}`);
  await page.getByRole('button', { name: 'Turn its codes off' }).click();
  await person.look('admin-account-codes');
  await page.getByRole('button', { name: 'Turn them off' }).click();
  await expect.poll(() => page.getByRole('button', { name: 'Turn its codes off' }).count()).toBe(0);
  expect(person.complaints).toEqual([]);
});
