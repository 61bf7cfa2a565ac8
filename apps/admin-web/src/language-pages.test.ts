import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';

test('whose browser asks for German reads German, and takes another language if they want', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web, { locale: 'de-DE' });
  const { page } = person;
  await page.goto('/');
  await page.getByLabel('Adresse oder Kontoname').fill(mary.name);
  await page.getByLabel('Passwort').fill('falsch');
  await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
  await page.getByText('Name, Passwort oder Passkey stimmt nicht.').waitFor();
  await person.look('de-sign-in');
  await page.getByLabel('Passwort').fill(mary.password);
  await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
  await page.getByRole('heading', { name: 'Ihr Konto' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  await person.look('de-account');
  for (const title of ['Mailprogramm', 'Geräte', 'App-Passwörter', 'Gelöschte Nachrichten', 'Anmeldungen']) {
    await person.open(title);
    await person.look(`de-${title.toLowerCase().replace(' ', '-')}`);
  }
  await person.open('Anmeldeverfahren');
  await page.getByRole('button', { name: 'Einschalten' }).click();
  await page.getByRole('img', { name: 'QR-Code mit dem Schlüssel' }).waitFor();
  await person.look('de-codes');
  await page.getByRole('button', { name: 'Abbrechen' }).click();

  await page.getByLabel('Sprache').selectOption('en');
  await page.getByRole('heading', { name: 'Signing in' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  await page.reload();
  await page.getByRole('heading', { name: 'Signing in' }).waitFor();
  await page.getByLabel('Colours').selectOption('dark');
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  await page.goto('/admin/');
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  expect(person.complaints.filter((text) => !text.includes('403'))).toEqual([]);
});

test('a language that is not there is English, and dates are those of the browser’s region', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web, { locale: 'fr-FR' });
  await person.signIn(mary.name, mary.password);
  await person.page.getByRole('heading', { name: 'Your account' }).waitFor();
  expect(await person.page.locator('html').getAttribute('lang')).toBe('en');
  await person.open('Login history');
  await person.page.getByText('logged in').first().waitFor();
  expect(person.complaints).toEqual([]);
});
