import { randomUUID } from 'node:crypto';
import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';

test('an owner gives an account domains to administer, and takes them back', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  const domain = `${randomUUID()}.example`;
  await postel.useDirectory((directory) => directory.addDomain(domain));
  const found = async () => {
    const accounts = await postel.useDirectory(({ pages }) =>
      pages.accounts({ search: mary.name, after: null, limit: 10, administrator: null }),
    );
    return accounts.map(({ role, administers }) => ({ role, administers }));
  };
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await page.getByText('parts of the server work').waitFor();
  await page.goto(`/admin/accounts/${mary.name}`);
  await page.getByText('has its own mail, and administers nothing').waitFor();
  await page.getByRole('combobox', { name: 'Role' }).selectOption('domain-admin');
  await page.getByRole('button', { name: 'Give it this role' }).click();
  await page.getByText('choose a domain, or more').waitFor();
  if ((await page.getByLabel('Find a domain').count()) > 0) await page.getByLabel('Find a domain').fill(domain);
  await page.getByLabel(domain).check();
  await page.getByText(`administers ${domain}: adds, disables and removes accounts there`).waitFor();
  await person.look('admin-role');
  await page.getByRole('button', { name: 'Give it this role' }).click();
  await page.getByText('Given: it holds from now on').waitFor();
  expect(await found()).toEqual([{ role: 'domain-admin', administers: [domain] }]);

  await page.getByRole('combobox', { name: 'Role' }).selectOption('owner');
  await page.getByText('administers all of this server').waitFor();
  await page.getByRole('button', { name: 'Give it this role' }).click();
  await page.getByText('Given: it holds from now on').waitFor();
  await expect.poll(found, { timeout: 60_000 }).toEqual([{ role: 'owner', administers: [] }]);
  await page.getByRole('combobox', { name: 'Role' }).selectOption('account');
  await page.getByRole('button', { name: 'Give it this role' }).click();
  await expect.poll(found, { timeout: 60_000 }).toEqual([{ role: 'account', administers: [] }]);
  await postel.useDirectory((directory) => directory.removeDomain(domain));
  expect(person.complaints).toEqual([]);
});

test('who administers domains sees their pages whole, and none that is not theirs', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const id = randomUUID().slice(0, 8);
  const [domain, password] = [`${id}.example`, 'tanstaaftanstaaf'];
  const [dora, ann, boss] = [`dora-${id}`, `ann-${id}`, `boss-${id}`];
  await postel.useDirectory(async (directory) => {
    for (const name of [dora, ann, boss]) await directory.addAccount({ name, address: `${name}@${domain}`, password });
    await directory.setRole(boss, 'owner');
    await directory.setCatchall(domain, boss);
    await directory.setRole(dora, 'domain-admin', [domain]);
    await directory.aliases.add(`team@${domain}`, [`${ann}@${domain}`]);
  });
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  const refused: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  await person.signIn(dora, password);
  await page.getByRole('link', { name: 'Administer your domains' }).click();
  await page.getByText('Whose addresses are all in your domains.').waitFor();
  refused.length = 0; // before it signed in it was nobody
  person.complaints.length = 0;
  await person.look('domain-admin-accounts');
  const links = await page.getByRole('navigation').getByRole('link').allTextContents();
  expect(links).toEqual(['Accounts', 'Domains', 'Addresses']);

  await page.getByRole('link', { name: ann }).click();
  await page.getByRole('heading', { name: 'Login history' }).waitFor();
  await person.look('domain-admin-account');
  expect(await page.getByRole('heading', { name: 'Role' }).count()).toBe(0);

  await person.open('Domains');
  await person.look('domain-admin-domains');
  expect(await page.getByRole('button', { name: /^(Add|Remove)/ }).count()).toBe(0);
  await page.getByRole('button', { name: `Change ${domain}` }).click();
  await page.getByLabel('Separators of details').fill('-');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('mary-news@ comes to mary.').waitFor();
  await page.getByText(`Mail to other addresses goes to ${boss}.`).waitFor();
  await page.getByRole('link', { name: `DNS records of ${domain}` }).click();
  await page.getByRole('heading', { name: /TXT$/ }).first().waitFor();
  await person.look('domain-admin-dns');

  await person.open('Addresses');
  await person.look('domain-admin-addresses');
  expect(await page.getByRole('link', { name: dora }).count()).toBe(0);
  await page.getByRole('link', { name: `team@${domain}` }).click();
  await page.getByRole('heading', { name: `team@${domain}` }).waitFor();
  await person.look('domain-admin-alias');
  expect({ refused, complaints: person.complaints }).toEqual({ refused: [], complaints: [] });
});
