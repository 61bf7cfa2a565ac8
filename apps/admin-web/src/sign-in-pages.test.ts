import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { oneTimeCode as code } from './testing/one-time-code.ts';

test('with one-time codes on, the password alone lets nobody in; a recovery code does in their place', async ({
  skip,
}) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await person.open('Signing in');
  await person.look('signing-in');
  await page.getByRole('button', { name: 'Turn on' }).click();
  const secret = ((await page.locator('.secret .code').textContent()) ?? '').replaceAll(' ', '');
  await person.look('codes-begin');
  await page.getByLabel('The code that it shows').fill('000000');
  await page.getByRole('dialog').getByRole('button', { name: 'Turn on' }).click();
  await page.getByText('This code is not right.').waitFor();
  await page.getByLabel('The code that it shows').fill(code(secret, -1));
  await page.getByRole('dialog').getByRole('button', { name: 'Turn on' }).click();
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
  const recovery = ((await page.locator('dialog pre').textContent()) ?? '').split('\n');
  await person.look('recovery-codes');
  await page.getByRole('button', { name: 'I have them' }).click();
  await page.getByText('10 recovery codes are left').waitFor();
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();

  await person.signIn(mary.name, mary.password);
  await page.getByRole('heading', { name: 'One more step' }).waitFor();
  await person.look('sign-in-code');
  await page.getByLabel('Code of your authenticator').fill(code(secret, 0));
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();

  await person.signIn(mary.name, mary.password);
  await page.getByLabel('Code of your authenticator').fill(code(secret, 0));
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('was used already').waitFor();
  await page.getByLabel('Code of your authenticator').fill(recovery[3] ?? '');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
});

test('a passkey signs in without password and code, and not once it is removed', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  const devtools = await person.devtools();
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await person.signIn(mary.name, mary.password);
  await person.open('Signing in');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByLabel('What do you call it?').fill('Yellow key');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Yellow key').waitFor();
  await person.look('passkeys');
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();

  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Signing in' }).waitFor();
  await page.getByRole('button', { name: 'Remove Yellow key' }).click();
  // It was what this session began with.
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByText('This passkey is not known here.').waitFor();
});

test('a new password keeps this browser signed in, and ends the others', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web);
  await using other = await Person.visiting(postel.ports.web);
  await person.signIn(mary.name, mary.password);
  await other.signIn(mary.name, mary.password);
  await other.page.getByRole('heading', { name: 'Your account' }).waitFor();
  await person.open('Signing in');
  await person.page.getByLabel('Current password').fill(mary.password);
  await person.page.getByLabel('New password').fill('quite another one');
  await person.page.getByRole('button', { name: 'Change it' }).click();
  await person.page.getByText('The password is changed.').waitFor();
  await person.open('Overview');
  await person.page.getByText(mary.address).waitFor();

  await other.page.getByRole('link', { name: 'Devices' }).click();
  await other.page.getByText('the session is over').waitFor();
  await other.signIn(mary.name, mary.password);
  await other.page.getByText('Name or password is not right.').waitFor();
  expect(person.complaints).toEqual([]);
});
