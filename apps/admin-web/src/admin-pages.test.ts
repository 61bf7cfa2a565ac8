import { ImapClient, requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { queueMail } from './testing/queue-mail.ts';

test('whoever owns the server sees whether all is well, adds an account, limits it, and removes it', async ({
  skip,
}) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const { ports, ca } = postel;
  const name = `jane-${Date.now().toString(36)}`;
  await using person = await Person.visiting(ports.web);
  const { page } = person;
  await person.signInAsAdmin('not the password');
  await page.getByText('The admin password is not right.').waitFor();
  await person.look('admin-sign-in');
  await person.signInAsAdmin();
  await page.getByText('parts of the server work').waitFor();
  await page.getByText('housekeeping').waitFor();
  await person.look('admin-overview');

  await person.open('Accounts');
  await page.getByRole('button', { name: 'Add an account' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Address').fill(`${name}@localhost`);
  await person.look('admin-account-add');
  await page.getByRole('button', { name: 'Add it' }).click();
  const password = (await page.locator('.secret .code').textContent()) ?? '';
  await page.getByRole('button', { name: 'Done' }).click();
  const logIn = async () => {
    await using program = await ImapClient.connectTls(ports.imaps, { ca });
    await program.line();
    return (await program.command(`LOGIN ${name} ${password}`)).tagged;
  };
  expect(await logIn()).toMatch(/^OK/);

  await page.getByLabel('Find').fill(name);
  await person.look('admin-accounts');
  await page.getByRole('link', { name }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
  await page.getByLabel('Mail, in MB').selectOption('own');
  await page.getByLabel('Mail, in MB: at most').fill('25');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('region', { name: 'Space' }).getByText('0 B of 25 MB').waitFor();
  await page.getByLabel('One more address').fill(`${name}-2@localhost`);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('button', { name: `Remove ${name}-2@localhost` }).waitFor();
  await person.look('admin-account');
  expect((await postel.useDirectory(({ quotas }) => quotas.read(name))).limits.octets).toBe(25 * 1024 * 1024);

  // Other tests change limits that all accounts of this server have: then what was shown is another by now, and is refused once.
  const disable = async () => {
    await page.getByRole('button', { name: 'Disable' }).click({ timeout: 2_000 });
    await page.getByText('no: disabled').waitFor({ timeout: 5_000 });
    return true;
  };
  await expect
    .poll(() => disable().catch(() => page.getByText('no: disabled').isVisible()), { timeout: 60_000 })
    .toBe(true);
  expect(await logIn()).toMatch(/^NO/);
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('button', { name: 'Remove it with all its mail' }).click();
  await page.getByRole('heading', { name: 'Accounts' }).waitFor();
  await person.settled();
  expect(await page.getByRole('link', { name }).count()).toBe(0);

  await person.open('Changes');
  await page.getByText(`account ${name}`).first().waitFor();
  await page.getByText('admin password').first().waitFor();
  await person.look('admin-changes');
  expect(person.complaints.filter((text) => !text.includes('403'))).toEqual([]);
});

test('domains, aliases, limits, queue and history, as an owner with an account sees them', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const owner = await postel.addAccount('owner');
  await postel.useDirectory((directory) => directory.setRole(owner.name, 'owner'));
  const domain = `${owner.name}.example`;
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signIn(owner.name, owner.password);
  await page.getByRole('link', { name: 'Administer this server' }).click();
  await page.getByText('parts of the server work').waitFor();

  await person.open('Domains');
  await page.getByRole('button', { name: 'Add a domain' }).click();
  await page.getByLabel('Domain', { exact: true }).fill(domain);
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('heading', { name: domain }).waitFor();
  await page.getByRole('button', { name: `Change ${domain}` }).click();
  await page.getByLabel('Mail to addresses that do not exist').selectOption(owner.name);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText(`Mail to other addresses goes to ${owner.name}.`).waitFor();
  await person.look('admin-domains');

  await page.getByRole('link', { name: `DNS records of ${domain}` }).click();
  await page
    .getByRole('heading', { name: `_domainkey.${domain} TXT` })
    .first()
    .waitFor();
  await person.look('admin-dns');

  await person.open('Addresses');
  await page.getByRole('button', { name: 'Add an alias' }).click();
  await page.getByLabel('Address', { exact: true }).fill(`team@${domain}`);
  await page.getByLabel('Members').fill(`${owner.address}, fred@example.org`);
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('link', { name: `team@${domain}` }).click();
  await page.getByText('at another server').waitFor();
  const current = page.getByRole('navigation').locator('[aria-current="page"]');
  expect(await current.textContent()).toBe('Addresses');
  await page.getByLabel('Members may send from its address').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await person.settled();
  await person.look('admin-alias');
  await expect
    .poll(async () => (await postel.useDirectory(({ aliases }) => aliases.read(`team@${domain}`))).maySendAs)
    .toBe(true);
  await person.open('Addresses');
  await person.look('admin-addresses');

  // Cyrillic letters that look like Latin ones, and a letter without width.
  await queueMail(postel, owner, ['ann@еxаmple.org', 'b\u200bob@example.org']);
  for (const title of ['Queue', 'Login limits', 'Login history']) {
    await person.open(title);
    if (title === 'Queue') {
      await page.getByRole('rowheader', { name: 'ann@xn--xmple-4ve7a.org' }).first().waitFor();
      await page.getByRole('rowheader', { name: 'b\ufffdob@example.org' }).first().waitFor();
    }
    await person.look(`admin-${title.toLowerCase().replace(' ', '-')}`);
  }
  await postel.useDirectory(async (directory) => {
    await directory.aliases.remove(`team@${domain}`);
    await directory.setCatchall(domain, null);
    await directory.removeDomain(domain);
  });
  expect(person.complaints).toEqual([]);
});
